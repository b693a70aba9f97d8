//! Mistakes, each where it stands.

use super::*;

const ALL: &str = "one of us-east, eu-west, lost, free, cdn, office";

const POLICY_KEYS: &str = "one of failover, weighted, round_robin, geo, nearest";

const OWNER_KEYS: &str =
    "one of failover, weighted, round_robin, geo, nearest, sticky, failback, ramp, ttl, all_down";

/// Asserts the findings of texts, one a line and without the file's name.
fn assert_findings(rows: &[(&str, &[&str])]) {
    for (text, expected) in rows {
        let expected: Vec<String> = expected.iter().map(|f| format!("x.toml:{f}")).collect();
        assert_eq!(read_with(POOLS, PoolsFile::Good, text).2, expected, "{text}");
    }
}

#[test]
fn mistakes_in_owners_are_said() {
    let policy = format!("expected {POLICY_KEYS}");
    assert_findings(&[
        ("www = 1", &["1:7: 1; expected the table of a name, such as [www]"]),
        ("failover = []", &["1:12: an empty list; expected the table of a name, such as [www]"]),
        ("[www]", &[&format!("1:2: \"www\" without a policy; {policy}")]),
        ("[www]\nttl = 5", &[&format!("1:2: \"www\" without a policy; {policy}")]),
        (
            "[www]\nfailovr = ['free']",
            &[
                &format!("1:2: \"www\" without a policy; {policy}"),
                &format!(
                    "2:1: unknown key \"failovr\" (did you mean \"failover\"?); expected {OWNER_KEYS}"
                ),
            ],
        ),
        (
            "[a.b]\nfailover = 'free'\n[c.d.geo]\ndefault = 'free'\n[e.f.g]\nfailover = 'free'",
            &[
                "1:4: [a.b], a table within a table; expected [\"a.b\"]: a name with a dot is quoted",
                "3:4: [c.d], a table within a table; expected [\"c.d\"]: a name with a dot is quoted",
                "5:4: [e.f.g], a table within a table; expected [\"e.f.g\"]: a name with a dot is quoted",
            ],
        ),
        (
            "[a]\nfailover = 'free'\n[A]\nfailover = 'nope'\n['a.example.com.']\nfailover = 'free'",
            &[
                "3:2: \"A\", the same name as \"a\"; expected each name once",
                &format!("4:12: unknown pool \"nope\"; expected {ALL}"),
                "5:2: \"a.example.com.\", the same name as \"A\"; expected each name once",
            ],
        ),
        (
            "['a.example.org.']\nfailover = 'nope'",
            &[
                "1:2: \"a.example.org.\", outside of example.com.; expected a name relative to the zone, without a final dot",
                &format!("2:12: unknown pool \"nope\"; expected {ALL}"),
            ],
        ),
        (
            "['a..b']\nfailover = 'free'",
            &["1:2: \"a..b\": an empty label; expected a name relative to the zone"],
        ),
        (
            "['a.*']\nfailover = 'free'\n['*a']\nfailover = 'free'",
            &[
                "1:2: \"a.*\"; expected \"*\" as the whole leftmost label, such as \"*.apps\"",
                "3:2: \"*a\"; expected \"*\" as the whole leftmost label, such as \"*.apps\"",
            ],
        ),
        (
            "['ä']\nfailover = 'free'",
            &["1:2: \"ä\"; expected a name in ASCII without spaces (xn--… for other scripts)"],
        ),
        (
            "[www]\nfailover = 'cdn'",
            &[
                "1:2: www.example.com. steered to itself by pool \"cdn\"; expected pools that lead elsewhere",
            ],
        ),
    ]);
}

#[test]
fn mistakes_in_ttl_and_all_down_are_said() {
    let ttl = r#"expected seconds from 1 to 2147483647, or a time such as "30s""#;
    let all_down = r#"expected "serve", "nodata", "servfail", or"#;
    for (text, finding) in [
        ("ttl = 0", format!("7: 0; {ttl}")),
        ("ttl = 2147483648", format!("7: 2147483648; {ttl}")),
        ("ttl = -1", format!("7: -1; {ttl}")),
        ("ttl = 1.5", format!("7: 1.5; {ttl}")),
        ("ttl = '500ms'", format!("7: \"500ms\"; {ttl}")),
        ("ttl = '0s'", format!("7: \"0s\"; {ttl}")),
        ("all_down = 3", format!("12: 3; {all_down} a policy")),
        (
            "all_down = 'offise'",
            format!("12: unknown pool \"offise\" (did you mean \"office\"?); {all_down} {ALL}"),
        ),
        (
            "all_down = 'serv'",
            format!("12: unknown pool \"serv\" (did you mean \"serve\"?); {all_down} {ALL}"),
        ),
        ("ttl = '30'", "7: \"30\", a time without its unit; expected 30, or \"30s\"".into()),
        ("all_down = ['x']", format!("13: unknown pool \"x\"; expected {ALL}")),
        ("all_down = {}", format!("1: a table without a policy; expected {POLICY_KEYS}")),
        ("sticky = true", "1: sticky beside failover; expected sticky beside weighted only".into()),
    ] {
        let text = format!("[a]\nfailover = 'free'\n{text}");
        assert_findings(&[(&text, &[&format!("3:{finding}")])]);
    }
}

#[test]
fn mistakes_in_policies_are_said() {
    let weight = "expected a weight from 0 to 1000000, without fraction";
    let policy = "expected a pool's name, a list of policies, or a table with one policy key";
    let branch = r#"expected { to = "us-east", weight = 9 }"#;
    let weights = "expected a table, such as { us-east = 80, eu-west = 20 }, \
                   or a list of { to = …, weight = … }";
    let unknown = format!("expected {ALL}");
    for (text, findings) in [
        (
            "failover = ['us-eats']",
            &[&*format!("13: unknown pool \"us-eats\" (did you mean \"us-east\"?); {unknown}")][..],
        ),
        ("failover = []", &["12: an empty list; expected at least one pool or policy"]),
        ("failover = 1", &["12: 1; expected a list of policies, or a pool's name"]),
        ("failover = [1]", &[&format!("13: 1; {policy}")]),
        (
            "failover = ['free', 'free']",
            &["21: pool \"free\" a second time; expected each pool once in a list"],
        ),
        ("failover = [{}]", &[&format!("13: a table without a policy; expected {POLICY_KEYS}")]),
        (
            "failover = [{ failover = 'free', ttl = 5 }]",
            &[&format!("34: unknown key \"ttl\"; expected {POLICY_KEYS}, sticky, failback, ramp")],
        ),
        (
            "failover = [{ failover = 'free', nearest = 'us-east' }]",
            &[
                "34: a second policy, \"nearest\", beside \"failover\"; expected one policy; others can stand within it or in all_down",
            ],
        ),
        (
            "failover = [[[[[[[[[[[[[[[[['free']]]]]]]]]]]]]]]]]",
            &["28: a policy nested deeper than 16; expected at most 16 policies within each other"],
        ),
        ("failover = [[[[[[[[[[[[[[[['free']]]]]]]]]]]]]]]]", &[]),
        (
            "weighted = { free = -1, lost = 1.5 }",
            &[&format!("21: -1; {weight}"), &format!("32: 1.5; {weight}")],
        ),
        ("weighted = { free = 1000001 }", &[&format!("21: 1000001; {weight}")]),
        (
            "weighted = { free = 0, lost = 0 }",
            &["1: only weights of 0; expected at least one weight above 0"],
        ),
        ("weighted = { nope = 1 }", &[&format!("14: unknown pool \"nope\"; {unknown}")]),
        ("weighted = {}", &["1: an empty table; expected at least one pool or policy"]),
        ("weighted = 'free'", &[&format!("12: \"free\"; {weights}")]),
        (
            "weighted = [{ to = 'free' }, { weight = 1 }, { to = 'free', weight = -1, x = 1 }, 'free']",
            &[
                &format!("13: a branch without weight; {branch}"),
                &format!("30: a branch without to; {branch}"),
                "53: pool \"free\" a second time; expected each pool once in a list",
                &format!("70: -1; {weight}"),
                "74: unknown key \"x\"; expected one of to, weight",
                "83: \"free\"; expected a table, such as { to = \"us-east\", weight = 9 }",
            ],
        ),
        ("weighted = { free = 1 }\n", &[]),
        (
            "nearest = ['us-east', ['lost']]",
            &[
                "23: pool \"lost\", whose region has no location, within nearest; expected location = [LATITUDE, LONGITUDE] for region \"nowhere\"",
            ],
        ),
        (
            "nearest = ['free']",
            &[
                "12: pool \"free\", which is in no region, within nearest; expected region = … for pool \"free\" in pools.toml",
            ],
        ),
    ] {
        let findings: Vec<String> = findings.iter().map(|finding| format!("2:{finding}")).collect();
        let findings: Vec<&str> = findings.iter().map(String::as_str).collect();
        assert_findings(&[(&format!("[a]\n{text}"), &findings)]);
    }
}

#[test]
fn mistakes_in_geo_are_said() {
    assert_findings(&[
        ("[a]\ngeo = 'free'", &["2:7: \"free\"; expected a table from places to policies"]),
        (
            "[a.geo]\nEU = 'free'",
            &["1:4: geo without default; expected default = \"us-east\", for everyone else"],
        ),
        (
            "[a]\ngeo = {}",
            &[
                "2:1: an empty table; expected at least one pool or policy",
                "2:1: geo without default; expected default = \"us-east\", for everyone else",
            ],
        ),
        (
            "[a.geo]\nFR = 'free'\neu-fr = 'free'\nAS-FR = 'free'\nEU-XX = 'nope'\ndefault = 'free'",
            &[
                "2:1: \"FR\"; expected EU-FR",
                "3:1: \"eu-fr\"; expected EU-FR",
                "4:1: \"AS-FR\"; expected EU-FR",
                "5:1: \"EU-XX\"; expected a country of ISO 3166-1 after EU",
                &format!("5:9: unknown pool \"nope\"; expected {ALL}"),
            ],
        ),
        (
            "[a.geo]\n'10.0.0.1/8' = 'free'\n'2001:DB8::/32' = 'free'\n'2001:db8:0::/32' = 'free'\ndefault = 'free'",
            &[
                "2:1: \"10.0.0.1/8\", which has bits beyond its length; expected \"10.0.0.0/8\"",
                "4:1: \"2001:db8:0::/32\", the same place as \"2001:DB8::/32\"; expected each place once",
            ],
        ),
    ]);
}

#[test]
fn mistakes_beside_policies_are_said() {
    let failback = r#"expected "auto", "manual", or a time from "1s" to "7d""#;
    let ramp = r#"expected a time from "1s" to "7d""#;
    let unit = r#"expected a time with its unit, such as "300ms", "5s" or "1m30s""#;
    for (text, expected) in [
        ("failover = 'free'\nfailback = 'never'", format!("2:12: \"never\"; {failback}")),
        ("failover = 'free'\nfailback = '10'", format!("2:12: \"10\"; {failback}")),
        ("failover = 'free'\nfailback = '500ms'", format!("2:12: \"500ms\"; {failback}")),
        ("failover = 'free'\nfailback = '8d'", format!("2:12: \"8d\"; {failback}")),
        ("failover = 'free'\nfailback = 10", format!("2:12: 10; {failback}")),
        (
            "round_robin = 'free'\nfailback = 'auto'",
            "2:1: failback beside round_robin; expected failback beside failover only".into(),
        ),
        ("weighted = { free = 1 }\nramp = '500ms'", format!("2:8: \"500ms\"; {ramp}")),
        ("weighted = { free = 1 }\nramp = '1w'", format!("2:8: \"1w\"; {unit}")),
        ("weighted = { free = 1 }\nramp = 5", format!("2:8: 5; {unit}")),
        (
            "failover = 'free'\nramp = '5m'",
            "2:1: ramp beside failover; expected ramp beside weighted only".into(),
        ),
    ] {
        let (line, rest) = expected.split_once(':').unwrap();
        let line = line.parse::<usize>().unwrap() + 1;
        let findings = read_with(POOLS, PoolsFile::Good, &format!("[a]\n{text}")).2;
        assert_eq!(findings, [format!("x.toml:{line}:{rest}")], "{text}");
    }
}

/// Each takes a bit of every pool.
#[test]
fn there_are_only_so_many_times() {
    let names = |key: &str, policy: &str, times: u32| -> String {
        (1..=times)
            .map(|n| {
                format!("[n{n}]\n{policy}\n{key} = '{n}m'\n[m{n}]\n{policy}\n{key} = '{n}m'\n")
            })
            .collect()
    };
    for (key, policy) in [("failback", "failover = 'free'"), ("ramp", "weighted = { free = 1 }")] {
        let findings = |times| read_with(POOLS, PoolsFile::Good, &names(key, policy, times)).2;
        assert_eq!(findings(15), [""; 0]);
        let column = key.len() + 4;
        let found = format!("{column}: \"16m\", one more time of {key}");
        let expected = "expected at most 15 different times in all files";
        let wanted = [93, 96].map(|line| format!("x.toml:{line}:{found}; {expected}"));
        assert_eq!(findings(16), wanted);
    }
}

#[test]
fn nobody_is_blamed_for_what_pools_toml_lacks() {
    let text = "[a]\nnearest = ['lost', 'x']\n[b]\nweighted = { x = -1 }\nall_down = 'x'";
    let findings = |pools, state| read_with(pools, state, text).2;
    assert_eq!(findings(POOLS, PoolsFile::Faulty).len(), 4);
    let weight = "x.toml:4:18: -1; expected a weight from 0 to 1000000, without fraction";
    assert_eq!(findings("", PoolsFile::Unreadable), [weight]);
    let missing = "x.toml:2:12: unknown pool \"lost\"; expected a pool of pools.toml, but there is no such file";
    assert_eq!(findings("", PoolsFile::Missing)[0], missing);
    let empty = "x.toml:2:12: unknown pool \"lost\"; expected a pool of pools.toml, which has none";
    assert_eq!(findings("", PoolsFile::Good)[0], empty);
}
