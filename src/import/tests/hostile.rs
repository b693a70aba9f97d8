//! Files that no person would write.

use super::{from_gdnsd, from_octodns, loads};

#[track_caller]
fn refused(yaml: &[u8], said: &str) {
    let findings = from_octodns(yaml).unwrap_err();
    assert!(findings[0].to_string().starts_with(said), "{findings:#?}");
}

#[test]
fn yaml_that_is_none() {
    refused(b"a: \xff", "example.com.yaml:1:4: the byte 0xff; expected text in UTF-8");
    refused(b"a: {", "example.com.yaml:1:");
    // A carriage return ends a line of YAML, and none for editors.
    refused(b"a: 1\rb: [", "example.com.yaml:1:");
    refused(b"a:\n\t- b", "example.com.yaml:2:");
    refused(b"- a", "example.com.yaml:1:1: a list of 1; expected a mapping from names to records");
    refused(
        b"a: 1\n---\nb: 2",
        "example.com.yaml:2:1: a second document; expected one for each file",
    );
    refused(b"a: !!python/object x", "example.com.yaml:1:");
    refused(b"a: !env x", "example.com.yaml:1:");
    refused(b"? [a]\n: b", "example.com.yaml:1:");
    refused(b"a: &a [*a]", "example.com.yaml:1:8: an alias within its own anchor; expected ");
    refused(b"a: *b", "example.com.yaml:1:4: no YAML: ");
    refused(&vec![b'#'; (16 << 20) + 1], "example.com.yaml:1:1: 16777217 bytes; expected at most ");
}

#[test]
fn yaml_that_is_too_much() {
    let deep = format!("a: {}", "[".repeat(200));
    refused(deep.as_bytes(), "example.com.yaml:1:");
    let deeper: String = (0..2_000).map(|n| format!("{}- \n", " ".repeat(n))).collect();
    refused(format!("a:\n{deeper}").as_bytes(), "example.com.yaml:");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..20 {
        let list = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{list}]\n");
    }
    let found = "more than two million values, with those that aliases stand for";
    let findings = from_octodns(bomb.as_bytes()).unwrap_err();
    assert_eq!(findings[0].found, found);
}

/// Records that are all the same, more networks than a policy has branches, and more branches than a
/// file has.
#[test]
fn yaml_that_is_long() {
    let records: String =
        (0..5_000).map(|n| format!("n{n}: {{type: TXT, value: same}}\n")).collect();
    let imported = from_octodns(records.as_bytes()).unwrap();
    assert_eq!(imported.notes, []);
    loads(&imported);
    let nets: Vec<String> =
        (0..70_000_u32).map(|n| format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)).collect();
    let rules = format!(
        "n:\n  type: A\n  value: 192.0.2.1\n  dynamic:\n    pools: {{a: {{values: [{{value: 192.0.2.2}}]}}}}\n    \
         rules:\n    - {{pool: a, subnets: [{}]}}\n    - {{pool: a}}\n",
        nets.join(", ")
    );
    let imported = from_octodns(rules.as_bytes()).unwrap();
    assert!(imported.notes[0].why.contains("65535"), "{:?}", imported.notes);
    loads(&imported);
    let chain: String = (0..2_000)
        .map(|n| format!("      p{n}: {{fallback: p{}, values: [{{value: 192.0.2.2}}]}}\n", n + 1))
        .collect();
    let rules: String = (0..2_000)
        .map(|n| format!("    - {{pool: p{n}, subnets: [10.0.0.0/{}]}}\n", n % 9))
        .collect();
    let yaml = format!(
        "n:\n  type: A\n  value: 192.0.2.1\n  dynamic:\n    pools:\n{chain}    rules:\n{rules}"
    );
    let findings = from_octodns(yaml.as_bytes()).unwrap_err();
    assert!(findings[0].found.contains("more than a million branches"), "{findings:?}");
}

#[test]
fn names_with_odd_characters() {
    let imported = from_octodns(
        b"'a b': {type: A, value: 192.0.2.1}\n'a\"b;(c': {type: A, value: 192.0.2.1}\n'a..b': {type: A, value: 192.0.2.1}\n\
          'x\\000y': {type: A, value: 192.0.2.1}\n'@': {type: A, value: 192.0.2.1}\nabs.: {type: A, value: 192.0.2.1}\n\
          '*.*': {type: A, value: 192.0.2.1, dynamic: {pools: {'p /\xc3\xbc': {values: [{value: 192.0.2.2}]}}, rules: [{pool: 'p /\xc3\xbc'}]}}\n\
          'q\"r': {type: A, value: 192.0.2.1, dynamic: {pools: {'': {values: [{value: 192.0.2.2}]}}, rules: [{pool: ''}]}}\n",
    )
    .unwrap();
    loads(&imported);
    let found: Vec<&str> = imported.notes.iter().map(|note| note.found.as_str()).collect();
    assert!(
        found.contains(&"the name \"a..b\"") && found.contains(&"the name \"@\""),
        "{found:#?}"
    );
    assert!(found.contains(&"*.*.example.com., which is to be steered"), "{found:#?}");
}

#[test]
fn circles_of_fallbacks_end() {
    let imported = from_octodns(
        b"n:\n  type: A\n  value: 192.0.2.9\n  dynamic:\n    pools:\n      a: {fallback: b, values: [{value: 192.0.2.1}]}\n      \
          b: {fallback: a, values: [{value: 192.0.2.2}]}\n    rules: [{pool: a}]\n",
    )
    .unwrap();
    loads(&imported);
    assert!(imported.notes.iter().any(|note| note.why == "it leads back to itself"));
}

#[test]
fn configurations_that_multiply() {
    let mut resources =
        String::from("r0 => { datacenters => [ d ], dcmap => { d => 192.0.2.1 } }\n");
    for n in 1..=7 {
        let names: Vec<String> = (0..40).map(|d| format!("d{d}")).collect();
        let map: Vec<String> = names.iter().map(|d| format!("{d} => %metafo!r{}", n - 1)).collect();
        resources += &format!(
            "r{n} => {{ datacenters => [ {} ], dcmap => {{ {} }} }}\n",
            names.join(" "),
            map.join(" ")
        );
    }
    let config = format!("plugins => {{ metafo => {{ resources => {{ {resources} }} }} }}");
    let result = from_gdnsd(&config, "a DYNA metafo!r7\n");
    if let Ok(imported) = &result {
        loads(imported);
    }
}

#[test]
fn configurations_that_are_none() {
    for (config, said) in [
        ("a => \u{0}", "config:1:6: the byte 0x00; expected text in UTF-8"),
        ("a", "config:1:2: the end of the file; expected \"=>\" or \"=\", and a value"),
        ("plugins => $include{x}", "config:1:12: no file x; expected a file that can be included"),
    ] {
        let findings = from_gdnsd(config, "").unwrap_err();
        assert_eq!(findings[0].to_string(), said);
    }
    let findings = from_gdnsd("", "a TXT \"open\n").unwrap_err();
    assert!(
        findings[0].to_string().starts_with("zones/example.com:3:7: a quote that is not closed")
    );
    let findings = from_gdnsd("", "$INCLUDE x\n").unwrap_err();
    assert!(
        findings[0].to_string().starts_with("zones/example.com:3:10: no file x"),
        "{findings:?}"
    );
}
