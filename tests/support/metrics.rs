//! Reads the text format of Prometheus.

use std::collections::BTreeMap;

/// All samples: name and labels as they stand, and the value.
#[derive(Debug)]
pub struct Metrics(pub BTreeMap<String, f64>);

impl Metrics {
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) =
                line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            (name.to_owned(), value.parse().unwrap())
        });
        Self(samples.collect())
    }

    /// The sum of all samples of a name whose labels hold each of these texts, e.g.
    /// `reason="steered"`; 0 where there are none.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let fits = |sample: &str| {
            let rest = sample.strip_prefix(name);
            rest.is_some_and(|rest| {
                (rest.is_empty() || rest.starts_with('{'))
                    && labels.iter().all(|l| rest.contains(l))
            })
        };
        self.0.iter().filter(|(sample, _)| fits(sample)).map(|(_, value)| value).sum()
    }
}
