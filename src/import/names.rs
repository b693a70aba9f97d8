//! Names of regions, monitors and pools: of the letters that our files allow, each once.

use std::collections::{HashMap, HashSet};

/// The longest name that is made; longer ones are cut.
const MOST_CHARACTERS: usize = 200;

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    regions: Taken,
    monitors: Taken,
    pools: Taken,
}

/// Those of one kind.
#[derive(Debug, Default)]
struct Taken {
    names: HashSet<String>,
    /// The number that a name had last, by the name without it.
    numbers: HashMap<String, usize>,
}

impl Names {
    /// The first of these that is free for a pool, or the last with a number.
    pub(super) fn pool(&mut self, wanted: &[&str]) -> String {
        self.pools.take(wanted)
    }

    /// The same for a monitor.
    pub(super) fn monitor(&mut self, wanted: &[&str]) -> String {
        self.monitors.take(wanted)
    }

    /// The same for a region.
    pub(super) fn region(&mut self, wanted: &[&str]) -> String {
        self.regions.take(wanted)
    }
}

impl Taken {
    fn take(&mut self, wanted: &[&str]) -> String {
        let names: Vec<String> = wanted.iter().map(|name| allowed(name)).collect();
        if let Some(free) = names.iter().find(|name| !self.names.contains(*name)) {
            self.names.insert(free.clone());
            return free.clone();
        }
        let base = names.into_iter().next_back().unwrap_or_default();
        let number = self.numbers.entry(base.clone()).or_insert(1);
        loop {
            *number += 1;
            let name = format!("{base}-{number}");
            if self.names.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// The same name in the letters that are allowed.
fn allowed(name: &str) -> String {
    let good = |c: char| match c {
        '*' => 'x',
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => c,
        _ => '_',
    };
    let name: String = name.chars().take(MOST_CHARACTERS).map(good).collect();
    match name.as_str() {
        "" | "." | ".." => "unnamed".into(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_allowed_and_each_is_given_once() {
        let mut names = Names::default();
        assert_eq!(names.pool(&["www.example.com-na"]), "www.example.com-na");
        assert_eq!(
            names.pool(&["www.example.com-na", "www.example.com-na-v6"]),
            "www.example.com-na-v6"
        );
        assert_eq!(names.pool(&["www.example.com-na"]), "www.example.com-na-2");
        assert_eq!(names.pool(&["*.a b/ü"]), "x.a_b__");
        assert_eq!(names.pool(&[".."]), "unnamed");
        assert_eq!(names.monitor(&["www.example.com-na"]), "www.example.com-na");
        assert_eq!(names.pool(&[&"x".repeat(500)]).len(), MOST_CHARACTERS);
        let many: HashSet<String> = (0..5_000).map(|_| names.pool(&["same"])).collect();
        assert_eq!(many.len(), 5_000);
    }
}
