//! A report for whoever files it.

use std::fmt::Write as _;

use super::{Client, DrillState, Report};

/// So many clients have a row.
const ROWS: usize = 100;

/// The report as a page; `plot` is the file of its drawing, if there is one.
pub fn markdown(report: &Report, plot: Option<&str>) -> String {
    let Report { figures, .. } = report;
    let mut out = format!("# Drill of {}\n\n", report.target);
    let _ = writeln!(out, "{}\n", verdict(report));
    out.push_str("| | |\n|---|---|\n");
    let mut row = |what: &str, value: String| {
        let _ = writeln!(out, "| {what} | {} |", value.replace('|', "\\|"));
    };
    let seconds = |time: Option<f64>| time.map_or("–".into(), |time| format!("{time:.3} s"));
    row("drill", report.id.clone());
    row("asked for by", report.by.clone());
    row("reason", report.reason.clone());
    row("taken away", report.began.clone());
    // An override may have come in its place, and only that of the drill is known to have ended.
    let back = if report.state == DrillState::Interrupted { "end of its override" } else { "back" };
    row(back, report.ends.clone());
    row("served revision", report.revision.clone());
    row("clients asked", format!("{} of {}", report.clients.len(), report.clients_in_all));
    row("moved", format!("{}, {} not", figures.moved, figures.not_moved));
    row("last client moved after", seconds(figures.last_moved_s));
    row("recovery time, with what resolvers hold", seconds(figures.recovery_s));
    row("last client back after", seconds(figures.last_returned_s) + &not_back(report));
    row("answers that strayed back", figures.strays.to_string());
    row("questions without an answer", figures.unanswered.to_string());
    if let Some(plot) = plot {
        let _ = writeln!(out, "\n![When clients moved and came back]({plot})");
    }
    out.push_str(
        "\nEach client stands for all whose addresses are treated alike. Recovery time counts from the moment at which \
         it was taken away until no resolver that keeps to TTLs gives an answer with it: that of the last answer that \
         had it, and its TTL.\n",
    );
    out.push_str(
        "\n| name | type | client | share | before | after | moved after | last old answer, TTL | back after |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for client in report.clients.iter().take(ROWS) {
        out.push_str(&client_row(client));
    }
    let more = report.clients.len().saturating_sub(ROWS);
    if more > 0 {
        let _ = writeln!(out, "\nAnd {more} more, which are in the JSON.");
    }
    out
}

fn verdict(report: &Report) -> String {
    let figures = &report.figures;
    let clean = figures.not_moved == 0 && figures.strays == 0;
    match (report.state, figures.recovery_s) {
        (state, _) if !state.is_over() => "**Under way.**".into(),
        (DrillState::Interrupted, _) => format!(
            "**Interrupted: before it was over, somebody else decided over it by an override, or the daemon ended. By \
             then {} of {} clients had moved.**",
            figures.moved,
            report.clients.len()
        ),
        (state, Some(recovery)) if clean => {
            let early = match state {
                DrillState::Ended => " It was ended before its time.",
                _ => "",
            };
            let back = match figures.not_returned {
                0 => String::new(),
                count => format!(" **{count} are not back.**"),
            };
            format!("**All clients moved, and recovery took {recovery:.1} s.**{early}{back}")
        }
        _ => format!(
            "**Not all clients moved: {} did not, and {} answers strayed back.**",
            figures.not_moved, figures.strays
        ),
    }
}

/// How many have not been seen to return, where they were to.
fn not_back(report: &Report) -> String {
    match report.figures.not_returned {
        count if count > 0 && report.state.is_over() => format!(", {count} not"),
        _ => String::new(),
    }
}

fn client_row(client: &Client) -> String {
    let seconds = |time: Option<f64>| time.map_or("–".into(), |time| format!("{time:.3} s"));
    let old = client
        .last_old_s
        .map_or("–".into(), |at| format!("{at:.3} s, {} s", client.last_old_ttl_s));
    format!(
        "| {} | {} | {} | {:.1} % | {} | {} | {} | {old} | {} |\n",
        client.name.replace('|', "\\|"),
        client.r#type,
        client.network,
        client.share * 100.0,
        client.before.join(", "),
        client.after.join(", "),
        seconds(client.moved_s),
        seconds(client.returned_s),
    )
}
