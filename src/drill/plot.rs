//! A drawing of a drill: what part of the clients had moved, and were back, after how long.

use std::fmt::Write as _;

use super::{Client, Report};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 40.0;

/// As SVG, which needs nothing else.
pub fn plot(report: &Report) -> String {
    let moved = times(&report.clients, |client| client.moved_s);
    let gone = times(&report.clients, |client| {
        let last = client.last_old_s.map_or(0.0, |at| at + f64::from(client.last_old_ttl_s));
        client.moved_s.map(|_| last)
    });
    let back = times(&report.clients, |client| client.returned_s);
    let longest = [&moved, &gone, &back].into_iter().flatten().copied().fold(0.1, f64::max) * 1.05;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Drill of {}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n",
        escaped(&report.target)
    );
    axes(&mut out, longest);
    let lines = [
        (&moved, "#0b6e99", "moved"),
        (&gone, "#b3541e", "gone from resolvers"),
        (&back, "#3a7d34", "back"),
    ];
    for (index, (times, colour, label)) in lines.into_iter().enumerate() {
        let x = LEFT + 150.0 * index as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"12\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"22\">{label}</text>",
            x + 18.0
        );
        steps(&mut out, times, report.clients.len(), longest, colour);
    }
    out.push_str("</svg>\n");
    out
}

fn times(clients: &[Client], time: impl Fn(&Client) -> Option<f64>) -> Vec<f64> {
    let mut times: Vec<f64> = clients.iter().filter_map(time).map(|at| at.max(0.0)).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn x(time: f64, longest: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * time / longest
}

fn y(part: f64) -> f64 {
    HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
}

fn axes(out: &mut String, longest: f64) {
    for part in [0.0, 0.5, 1.0] {
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#cccccc\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y(part) + 4.0,
            part * 100.0,
            y = y(part),
        );
    }
    for fifth in 0..=5 {
        let time = longest * f64::from(fifth) / 5.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{time:.1} s</text>",
            x(time, longest),
            HEIGHT - BOTTOM + 18.0
        );
    }
}

/// What part of all has happened by each moment.
fn steps(out: &mut String, times: &[f64], all: usize, longest: f64, colour: &str) {
    if times.is_empty() || all == 0 {
        return;
    }
    let mut path = format!("M{:.1},{:.1}", x(0.0, longest), y(0.0));
    for (count, time) in (1..).zip(times) {
        let part = f64::from(count) / all as f64;
        let _ = write!(path, "H{:.1}V{:.1}", x(*time, longest), y(part));
    }
    let _ = write!(path, "H{:.1}", x(longest, longest));
    let _ =
        writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
