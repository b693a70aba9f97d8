//! Rules as files have them, and what is said of those that cannot be.

use super::*;
use crate::config::document;
use crate::finding::Finding;
use crate::health::{Answers, Pool, Region};

fn inventory() -> Inventory {
    let region = |name: &str| Region { name: name.into(), location: None };
    let pool = |name: &str, region| Pool {
        name: name.into(),
        region: Some(region),
        monitors: Vec::new(),
        endpoints: Vec::new(),
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers: Answers::All,
    };
    Inventory {
        regions: ["us", "eu", "ap", "empty"].map(region).into(),
        monitors: Vec::new(),
        pools: vec![pool("a", 0), pool("b", 1), pool("c", 2)],
    }
}

fn rules(text: &str) -> (Vec<Rule>, Vec<Finding>) {
    let inventory = inventory();
    let names = Some(vec!["www.example.com.".to_owned()]);
    let known = Known { inventory: &inventory, all_regions: true, names };
    let (rules, findings) =
        document::read("rules.toml", text.as_bytes(), |document| read(document, &known));
    (rules.unwrap_or_default(), findings)
}

#[test]
fn each_kind_is_read() {
    let text = "\
[rules.two]
min_regions = 2
[rules.west]
min_regions = 1
regions = ['us', 'eu']
[rules.half]
min_capacity = '50%'
names = 'WWW.example.com'
[rules.us-needs-eu]
region = 'us'
only_while = ['eu', 'ap']
";
    let (rules, findings) = rules(text);
    assert_eq!(findings, []);
    let found: Vec<(&str, u32, &Demand)> =
        rules.iter().map(|rule| (rule.name.as_str(), rule.place.1, &rule.demand)).collect();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            ("two", 1, &Demand::MinRegions { count: 2, regions: vec![] }),
            ("west", 3, &Demand::MinRegions { count: 1, regions: names(&["us", "eu"]) }),
            (
                "half",
                6,
                &Demand::MinCapacity {
                    share: crate::health::Share::new(0.5).unwrap(),
                    names: names(&["www.example.com."]),
                }
            ),
            (
                "us-needs-eu",
                9,
                &Demand::OutOnlyWhile { region: "us".into(), others: names(&["eu", "ap"]) }
            ),
        ]
    );
}

#[test]
fn each_mistake_has_its_place_and_its_words() {
    for (text, wanted) in [
        ("rule = 1", "rules.toml:1:1: unknown key \"rule\""),
        ("rules = 1", "rules.toml:1:9: 1; expected tables, such as [rules.NAME]"),
        (
            "[rules.a]",
            "rules.toml:1:8: rule \"a\" that demands nothing; expected one of min_regions, min_capacity, region",
        ),
        (
            "[rules.a]\nmin_region = 1",
            "rules.toml:2:1: unknown key \"min_region\" (did you mean \"min_regions\"?)",
        ),
        (
            "[rules.a]\nmin_regions = 1\nregion = 'us'",
            "rules.toml:1:8: rule \"a\" that demands several things",
        ),
        (
            "[rules.a]\nmin_regions = 1\nnames = 'www.example.com'",
            "rules.toml:3:1: names; expected only regions beside min_regions",
        ),
        (
            "[rules.a]\nmin_regions = 4",
            "rules.toml:2:15: 4; expected 1 to 3, for there are 3 such regions",
        ),
        (
            "[rules.a]\nmin_regions = 2\nregions = ['us', 'empty']",
            "rules.toml:2:15: 2; expected 1, for there is one such region",
        ),
        (
            "[rules.a]\nmin_regions = 1\nregions = ['usa']",
            "rules.toml:3:12: unknown region \"usa\" (did you mean \"us\"?); expected one of us, eu, ap, empty",
        ),
        (
            "[rules.a]\nmin_regions = 1\nregions = []",
            "rules.toml:3:11: an empty list; expected at least one region",
        ),
        ("[rules.a]\nmin_capacity = 0", "rules.toml:2:16: 0; expected a share above 0"),
        (
            "[rules.a]\nmin_capacity = 1\nnames = ['ww.example.com']",
            "rules.toml:3:10: \"ww.example.com\", which is not steered (did you mean \"www.example.com.\"?); expected a steered name",
        ),
        ("[rules.a]\nregion = 'us'", "rules.toml:2:1: rule \"a\" without only_while"),
        (
            "[rules.a]\nregion = 'us'\nonly_while = 'us'",
            "rules.toml:3:14: region \"us\" itself; expected other regions",
        ),
    ] {
        let (_, findings) = rules(text);
        let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|line| line.starts_with(wanted)), "{text}\n{found:#?}");
    }
}
