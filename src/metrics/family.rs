//! Families of samples, and their Prometheus text (exposition format 0.0.4).

use std::fmt::Write;

/// What a family's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Samples with the suffixes `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// Numbers of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name, e.g. `steersman_probes_total`.
    pub name: &'static str,
    /// One sentence for whoever meets the name in a query editor.
    pub help: &'static str,
    /// What the numbers are.
    pub kind: Kind,
    /// The numbers, each a line: there may be very many, and whoever scrapes wants nothing else.
    lines: String,
}

impl Family {
    /// A family without samples yet.
    pub fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind, lines: String::new() }
    }

    /// A counter without samples yet; by convention its name ends in `_total`.
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Counter, name, help)
    }

    /// A gauge without samples yet.
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Gauge, name, help)
    }

    /// The family with one more sample.
    pub fn sample(mut self, labels: &[(&'static str, &str)], value: f64) -> Self {
        self.push("", labels, value);
        self
    }

    /// Adds a sample; `suffix` is for histograms.
    pub fn push(&mut self, suffix: &'static str, labels: &[(&'static str, &str)], value: f64) {
        self.lines.push_str(self.name);
        self.lines.push_str(suffix);
        write_labels(&mut self.lines, labels);
        // Writing to a String cannot fail.
        let _ = writeln!(self.lines, " {}", number(value));
    }
}

/// The text of a scrape, to be served as `text/plain; version=0.0.4`.
pub fn render(families: Vec<Family>) -> String {
    let heads = families.iter().map(|family| {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let (name, help) = (family.name, escape(family.help, false));
        format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
    });
    let heads: Vec<String> = heads.collect();
    let length = heads.iter().map(String::len).sum::<usize>()
        + families.iter().map(|family| family.lines.len()).sum::<usize>();
    let mut text = String::with_capacity(length);
    // Each is freed as soon as it is in the text.
    for (head, family) in heads.into_iter().zip(families) {
        text.push_str(&head);
        text.push_str(&family.lines);
    }
    text
}

fn write_labels(text: &mut String, labels: &[(&'static str, &str)]) {
    let mut before = '{';
    for (name, value) in labels {
        let _ = write!(text, "{before}{name}=\"{}\"", escape(value, true));
        before = ',';
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

fn escape(value: &str, quoted: bool) -> String {
    let value = value.replace('\\', "\\\\").replace('\n', "\\n");
    if quoted { value.replace('"', "\\\"") } else { value }
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_as_prometheus_reads_it() {
        let families = vec![
            Family::counter("a_total", "One \\ two\nthree \"four\".")
                .sample(&[("name", "x\\y\n\"z\""), ("pool", "p")], 3.0)
                .sample(&[], 1e15),
            Family::gauge("b", "Empty."),
        ];
        let text = "# HELP a_total One \\\\ two\\nthree \"four\".\n\
                    # TYPE a_total counter\n\
                    a_total{name=\"x\\\\y\\n\\\"z\\\"\",pool=\"p\"} 3\n\
                    a_total 1000000000000000\n\
                    # HELP b Empty.\n\
                    # TYPE b gauge\n";
        assert_eq!(render(families), text);
    }

    #[test]
    fn histograms_have_suffixes() {
        let mut family = Family::new(Kind::Histogram, "h_seconds", "Time.");
        family.push("_bucket", &[("le", "0.5")], 1.0);
        family.push("_bucket", &[("le", "+Inf")], 2.0);
        family.push("_sum", &[], 0.75);
        family.push("_count", &[], 2.0);
        let text = render(vec![family]);
        assert!(text.contains("h_seconds_bucket{le=\"+Inf\"} 2\nh_seconds_sum 0.75\n"), "{text}");
    }

    #[test]
    fn numbers_without_end_have_names() {
        assert_eq!(number(f64::INFINITY), "+Inf");
        assert_eq!(number(f64::NEG_INFINITY), "-Inf");
        assert_eq!(number(f64::NAN), "NaN");
    }
}
