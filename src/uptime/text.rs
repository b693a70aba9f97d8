//! The report for people: as text for a terminal, and as Markdown to be filed.

use std::fmt::Write as _;
use std::time::Duration;

use super::report::{Failover, Gap, NameAnswers, Report, Times};
use crate::duration::format_duration;

/// So many rows of a table are shown; the JSON has more.
const ROWS: usize = 100;

/// For a terminal.
pub fn text(report: &Report) -> String {
    render(report, &Plain)
}

/// For whoever files it.
pub fn markdown(report: &Report) -> String {
    render(report, &Markdown)
}

/// What a page is made of.
trait Form {
    fn title(&self, title: &str) -> String;
    fn heading(&self, heading: &str) -> String;
    fn table(&self, columns: &[&str], rows: &[Vec<String>]) -> String;
}

struct Plain;

impl Form for Plain {
    fn title(&self, title: &str) -> String {
        format!("{title}\n")
    }

    fn heading(&self, heading: &str) -> String {
        format!("\n{heading}\n")
    }

    fn table(&self, columns: &[&str], rows: &[Vec<String>]) -> String {
        let width = |column: usize, head: &str| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(head.chars().count())
        };
        let widths: Vec<usize> =
            columns.iter().enumerate().map(|(at, head)| width(at, head)).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            // What would move the cursor of a terminal is none of a table.
            let plain = |cell: &str| cell.replace(char::is_control, " ");
            let cells = cells.zip(&widths).map(|(cell, width)| format!("{:width$}", plain(cell)));
            format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        let mut out = line(&mut columns.iter().copied());
        for row in rows {
            out.push_str(&line(&mut row.iter().map(String::as_str)));
        }
        out
    }
}

struct Markdown;

impl Form for Markdown {
    fn title(&self, title: &str) -> String {
        format!("# {title}\n\n")
    }

    fn heading(&self, heading: &str) -> String {
        format!("\n## {heading}\n\n")
    }

    fn table(&self, columns: &[&str], rows: &[Vec<String>]) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let mut out = line(&mut columns.iter().map(|head| (*head).to_owned()));
        let _ = writeln!(out, "|{}", "---|".repeat(columns.len()));
        for row in rows {
            out.push_str(&line(&mut row.iter().map(|cell| escaped(cell))));
        }
        out
    }
}

/// Reasons are in the words of endpoints and people: nothing of them is to be read as Markdown or HTML.
fn escaped(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    for c in cell.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '~' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn render(report: &Report, form: &dyn Form) -> String {
    let mut out = form.title(&format!("Availability from {} to {}", report.since, report.until));
    let _ = writeln!(out, "{}", observed(report));
    let some = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".into());
    let mut section = |heading: &str, columns: &[&str], rows: Vec<Vec<String>>, in_all: usize| {
        if rows.is_empty() {
            return;
        }
        out.push_str(&form.heading(heading));
        let shown = &rows[..rows.len().min(ROWS)];
        out.push_str(&form.table(columns, shown));
        if in_all > shown.len() {
            let more = in_all - shown.len();
            let _ = writeln!(out, "\nand {more} more, of which the JSON has some or all");
        }
    };
    let times = ["availability", "down", "outages", "longest", "taken out"];
    let columns = |own: &[&'static str]| [own, &times].concat();
    let regions = report.regions.iter();
    let rows: Vec<_> = regions.map(|of| row([of.region.clone()].into(), &of.times)).collect();
    section("Regions", &columns(&["region"]), rows, report.regions.len());
    let pools = report.pools.iter();
    let rows = pools
        .map(|of| row([of.pool.clone(), of.family.clone(), some(&of.region)].into(), &of.times))
        .collect();
    section("Pools", &columns(&["pool", "for", "region"]), rows, report.pools.len());
    let mut endpoints: Vec<_> = report.endpoints.iter().collect();
    // What was down for longest is what is looked for.
    endpoints.sort_by(|a, b| b.times.down_s.total_cmp(&a.times.down_s));
    let rows = endpoints
        .into_iter()
        .map(|of| row([of.endpoint.clone(), some(&of.region)].into(), &of.times))
        .collect();
    section("Endpoints", &columns(&["endpoint", "region"]), rows, report.endpoints.len());
    let rows = report.failovers.iter().map(failover).collect();
    let columns = ["from", "pool", "for", "lasted", "detected after", "kind", "why"];
    section("Out of service", &columns, rows, report.failovers_in_all);
    let rows = report.names.iter().flat_map(name).collect::<Vec<_>>();
    // Of names that are left out nobody knows how many pools they have.
    let count = rows.len() + report.names_in_all.saturating_sub(report.names.len());
    section("Answers", &["name", "answers", "pool", "achieved", "configured"], rows, count);
    out
}

fn observed(report: &Report) -> String {
    let observed = length(report.observed_s);
    match report.gaps.as_slice() {
        [] => format!("Observed for {observed}, without a gap."),
        [gap] => {
            let Gap { from, until } = gap;
            format!("Observed for {observed}; nothing is known of the time from {from} to {until}.")
        }
        gaps => {
            let lost = gaps.len();
            format!("Observed for {observed}; nothing is known of {lost} times between.")
        }
    }
}

fn row(mut own: Vec<String>, times: &Times) -> Vec<String> {
    own.extend([
        times.availability.map_or("–".into(), percent),
        length(times.down_s),
        times.outages.to_string(),
        length(times.longest_outage_s),
        length(times.away_s),
    ]);
    own
}

fn failover(of: &Failover) -> Vec<String> {
    let lasted = match &of.until {
        None => length(of.lasted_s) + ", goes on",
        // Nobody saw how much of the time between.
        Some(until) if of.lasted_s == 0.0 && *until != of.from => "not known".into(),
        Some(_) => length(of.lasted_s),
    };
    vec![
        to_the_second(&of.from),
        of.pool.clone(),
        of.family.clone(),
        lasted,
        of.detected_s.map_or("–".into(), length),
        if of.planned { "taken out" } else { "failed" }.into(),
        of.why.clone().unwrap_or_else(|| "–".into()),
    ]
}

fn name(of: &NameAnswers) -> Vec<Vec<String>> {
    let row = |(index, share): (usize, &super::PoolShare)| {
        let (name, answers) = match index {
            0 => (of.name.clone(), of.answers.to_string()),
            _ => Default::default(),
        };
        let configured =
            share.configured.map_or("–".into(), |share| format!("{:.1} %", share * 100.0));
        let achieved = format!("{:.1} %", share.achieved * 100.0);
        vec![name, answers, share.pool.clone(), achieved, configured]
    };
    of.pools.iter().enumerate().map(row).collect()
}

/// A time of RFC 3339 without what is less than a second.
fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

/// Rounded down: what was not always up was not up for 100 %.
fn percent(part: f64) -> String {
    format!("{:.4} %", (part * 1e6).floor() / 1e4)
}

/// To the millisecond where it is short, else to the second.
fn length(seconds: f64) -> String {
    let seconds = if seconds < 60.0 { seconds } else { seconds.round() };
    format_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
