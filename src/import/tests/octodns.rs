//! octoDNS.

use super::super::{OctoDnsFile, octodns};
use super::{expect, from_octodns, loads, notes, options, text};

const APEX: &str = "'':\n  type: NS\n  values: [ns.net.]\n";

#[track_caller]
fn import(yaml: &str) -> super::Imported {
    let imported = from_octodns(format!("{APEX}{yaml}").as_bytes()).unwrap();
    loads(&imported);
    imported
}

const SHOP: &str = "\
shop:
  dynamic:
    pools:
      apac:
        fallback: na
        values:
        - value: 192.0.2.1
        - value: 192.0.2.2
      eu:
        fallback: na
        values:
        - value: 192.0.2.3
          weight: 2
        - value: 192.0.2.4
          weight: 3
      na:
        values:
        - value: 192.0.2.5
      office:
        fallback: na
        values:
        - value: 192.0.2.6
    rules:
    - subnets: [203.0.113.0/24, 2001:db8::/32, 198.51.100.7]
      pool: office
    - geos: [AF-ZA, AS, OC]
      pool: apac
    - geos: [AF, EU, NA-US-CA]
      pool: eu
    - pool: na
  octodns:
    healthcheck:
      host: check.example.net
      path: /up
      port: 8443
  ttl: 60
  type: A
  values: [192.0.2.8, 192.0.2.9]
";

#[test]
fn a_dynamic_record_is_carried_over_whole() {
    let imported = import(SHOP);
    assert_eq!(notes(&imported), [""; 0]);
    expect(
        text(&imported, "example.com.toml"),
        r#"
# shop.example.com. A, from example.com.yaml:40
[shop]
ttl = 60

[shop.geo]
"203.0.113.0/24" = ["shop.example.com-office", "shop.example.com-na", "shop.example.com-values"]
"2001:db8::/32" = ["shop.example.com-office", "shop.example.com-na", "shop.example.com-values"]
"198.51.100.7/32" = ["shop.example.com-office", "shop.example.com-na", "shop.example.com-values"]
AF-ZA = ["shop.example.com-apac", "shop.example.com-na", "shop.example.com-values"]
AS = ["shop.example.com-apac", "shop.example.com-na", "shop.example.com-values"]
OC = ["shop.example.com-apac", "shop.example.com-na", "shop.example.com-values"]
AF = ["shop.example.com-eu", "shop.example.com-na", "shop.example.com-values"]
EU = ["shop.example.com-eu", "shop.example.com-na", "shop.example.com-values"]
NA-US-CA = ["shop.example.com-eu", "shop.example.com-na", "shop.example.com-values"]
default = ["shop.example.com-na", "shop.example.com-values"]
"#,
    );
    let pools = text(&imported, "pools.toml");
    expect(
        pools,
        r#"
[monitors."shop.example.com"]
https = { path = "/up", port = 8443, host = "check.example.net", status = [200], verify = false }

[pools."shop.example.com-apac"]
monitor = "shop.example.com"
endpoints = ["192.0.2.1", "192.0.2.2"]
answers = 1

[pools."shop.example.com-eu"]
monitor = "shop.example.com"
endpoints = [{ address = "192.0.2.3", weight = 2 }, { address = "192.0.2.4", weight = 3 }]
answers = 1
"#,
    );
    expect(
        pools,
        "\n[pools.\"shop.example.com-values\"]\nendpoints = [\"192.0.2.8\", \"192.0.2.9\"]\n",
    );
}

/// Those that are always up stand beside those that are probed, each with its weight.
#[test]
fn statuses_take_probes_away_or_the_value() {
    let imported = import(
        "w:
  dynamic:
    pools:
      mixed:
        fallback: gone
        values:
        - {value: 192.0.2.1, weight: 5, status: up}
        - {value: 192.0.2.2, weight: 3}
        - {value: 192.0.2.3, weight: 9, status: down}
      gone:
        values:
        - {value: 192.0.2.4, status: down}
    rules: [{pool: mixed}]
  octodns: {healthcheck: {protocol: TCP, port: 25}}
  type: A
  value: 192.0.2.9
",
    );
    assert_eq!(notes(&imported), [""; 0]);
    let steering = text(&imported, "example.com.toml");
    expect(
        steering,
        "
ttl = 3600
failover = [
  { weighted = { \"w.example.com-mixed-1\" = 5, \"w.example.com-mixed-2\" = 3 } },
  \"w.example.com-values\",
]
",
    );
    expect(
        text(&imported, "pools.toml"),
        "
[monitors.\"w.example.com\"]
tcp = { port = 25 }

# Without 192.0.2.3, whose status is down.
[pools.\"w.example.com-mixed-1\"]
endpoints = [\"192.0.2.1\"]
answers = 1

# Without 192.0.2.3, whose status is down.
[pools.\"w.example.com-mixed-2\"]
monitor = \"w.example.com\"
endpoints = [\"192.0.2.2\"]
answers = 1
",
    );
}

const BOTH: &str = "\
'*.apps':
- dynamic:
    pools: {a: {values: [{value: 192.0.2.1}]}}
    rules: [{pool: a}]
  ttl: 30
  type: A
  values: [192.0.2.9]
- dynamic:
    pools: {a: {values: [{value: '2001:db8::1'}]}}
    rules: [{pool: a}]
  ttl: 30
  type: AAAA
  values: ['2001:db8::9']
";

#[test]
fn families_that_choose_alike_are_one_pool() {
    let imported = import(BOTH);
    assert_eq!(
        notes(&imported),
        ["example.com.yaml:5:3: the Host header \"*.apps.example.com\" of *.apps.example.com: \
         a Host header is a host name or an address; instead: the address that is probed"][..0]
    );
}

#[test]
fn families_that_choose_otherwise_stand_one_after_the_other() {
    let imported = import(
        "api:
- dynamic:
    pools: {a: {values: [{value: 192.0.2.1}]}, b: {values: [{value: 192.0.2.2}]}}
    rules: [{geos: [EU], pool: a}, {pool: b}]
  ttl: 30
  type: A
  values: [192.0.2.9]
- ttl: 60
  type: AAAA
  values: ['2001:db8::8', '2001:db8::9']
- type: TXT
  value: beside
",
    );
    assert_eq!(
        notes(&imported),
        [
            "example.com.yaml:13:12: the TTL 60 of api.example.com.: a steered name has one TTL for all \
         of its types; instead: 30"
        ]
    );
    expect(
        text(&imported, "example.com.toml"),
        r#"
failover = [
  { geo = { EU = ["api.example.com-a", "api.example.com-values"], default = ["api.example.com-b", "api.example.com-values"] } },
  "api.example.com",
]
"#,
    );
    expect(text(&imported, "example.com.zone"), "api   3600 TXT   \"beside\"\n");
}

#[test]
fn host_names_cannot_be_probed() {
    let imported = import(
        "cdn:
  dynamic:
    pools:
      one: {values: [{value: a.cdn.example.net., weight: 7}, {value: b.cdn.example.net., weight: 2}]}
      self: {values: [{value: cdn.example.com.}]}
    rules: [{geos: [EU], pool: self}, {pool: one}]
  type: CNAME
  value: c.cdn.example.net.
",
    );
    let notes = notes(&imported);
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(notes[0].contains("cdn.example.com.\" of cdn.example.com. CNAME: it leads to itself"));
    assert!(notes[1].contains("host names are never looked up"), "{notes:#?}");
    expect(
        text(&imported, "example.com.toml"),
        "[cdn.geo]\nEU = \"cdn.example.com-values\"\ndefault = [\"cdn.example.com-one\", \"cdn.example.com-values\"]\n",
    );
}

#[test]
fn what_a_rule_covers_no_later_one_has() {
    let rules = "
r:
  dynamic:
    pools: {a: {values: [{value: 192.0.2.1}]}, b: {values: [{value: 192.0.2.2}]}}
    rules:
    - {geos: [NA, AS-TR, XX], subnets: [10.0.0.0/8, 10.1.2.3/8x], pool: a}
    - {geos: [NA-US, SA], subnets: [10.1.0.0/16], pool: b}
    - {geos: [EU], pool: nope}
    - {pool: b}
    - {pool: a}
  type: A
  values: [192.0.2.9]
";
    let imported = import(rules);
    let found: Vec<&str> = imported.notes.iter().map(|note| note.found.as_str()).collect();
    let of = |what: &str| format!("{what} of r.example.com. A");
    let expected = [
        "\"XX\"",
        "\"10.1.2.3/8x\"",
        "\"NA-US\"",
        "\"10.1.0.0/16\"",
        "a rule with the pool \"nope\"",
        "a rule",
    ];
    assert_eq!(found, expected.map(of));
    let steering = text(&imported, "example.com.toml");
    for key in ["\"10.0.0.0/8\" = ", "NA = ", "EU-TR = ", "AS-TR = ", "SA = ", "default = "] {
        assert_eq!(steering.contains(&format!("\n{key}")), key != "EU-TR = ", "{key}\n{steering}");
    }
}

#[test]
fn fixed_records_are_a_zone_file() {
    let imported = import(
        "a: {type: AAAA, ttl: 60, value: '2001:db8::1'}
bücher: {type: CNAME, value: straße.example.net.}
caa: {type: CAA, value: {flags: 0, tag: issue, value: \"ca.example.net; x=\\\"y\\\"\"}}
mx: {type: MX, values: [{exchange: m.example.net., preference: 10}, {value: n.example.net., priority: 20}]}
srv: {type: SRV, value: {priority: 0, weight: 0, port: 0, target: .}}
svcb: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h3, h2], no-default-alpn: null}}}
txt:
- type: TXT
  values: ['v=DKIM1\\; k=rsa', '\"quoted\" \"twice\"', 'back\\slash']
- {type: ALIAS, value: x.example.net.}
wrong: [{type: A, value: 192.0.2.300}, {value: 192.0.2.1}, {type: A, value: 192.0.2.1}]
",
    );
    expect(
        text(&imported, "example.com.zone"),
        r#"
a                 60 AAAA  2001:db8::1
xn--bcher-kva   3600 CNAME xn--strae-oqa.example.net.
caa             3600 CAA   0 issue "ca.example.net; x=\"y\""
mx              3600 MX    10 m.example.net.
mx              3600 MX    20 n.example.net.
srv             3600 SRV   0 0 0 .
svcb            3600 HTTPS 1 . alpn=h3,h2 no-default-alpn
txt             3600 TXT   "v=DKIM1; k=rsa"
txt             3600 TXT   "quotedtwice"
txt             3600 TXT   "back\\slash"
"#,
    );
    let found: Vec<&str> = imported.notes.iter().map(|note| note.found.as_str()).collect();
    assert_eq!(
        found,
        [
            "the value \"x.example.net.\" of txt.example.com. ALIAS",
            "wrong.example.com. A",
            "a record of wrong.example.com.",
            "wrong.example.com. A a second time",
        ]
    );
}

#[test]
fn what_the_daemon_would_refuse_is_left_out() {
    let imported = import(
        "both: [{type: CNAME, value: a.net.}, {type: A, value: 192.0.2.1}]
cut: {type: NS, value: ns.net.}
d: {type: DNAME, value: a.net.}
below.d: {type: A, value: 192.0.2.2}
steered.cut:
  dynamic: {pools: {a: {values: [{value: 192.0.2.1}]}}, rules: [{pool: a}]}
  type: A
  value: 192.0.2.9
",
    );
    let notes = notes(&imported);
    assert_eq!(notes.len(), 3, "{notes:#?}");
    for (note, said) in notes.iter().zip([
        "both.example.com. CNAME: CNAME at both.example.com. beside A",
        "below.d.example.com. A: below.d.example.com. below the DNAME",
        "steered.cut.example.com., which is steered: steered name",
    ]) {
        assert!(note.contains(said), "{note}");
    }
    assert!(!text(&imported, "example.com.zone").contains("CNAME"));
    assert_eq!(imported.files.len(), 1);
}

#[test]
fn files_of_one_zone_and_what_they_include() {
    let mut include = |path: &str, by: &str| match (path, by) {
        ("apex.inc", "a.yaml") => Ok(vec![(
            "apex.inc".into(),
            b"- {type: NS, value: ns.net.}\n- &t {type: TXT, value: x}\n".to_vec(),
        )]),
        _ => Err(format!("no {path} for {by}")),
    };
    let file = |name, text: &'static str| OctoDnsFile {
        zone: "example.com",
        name,
        bytes: text.as_bytes(),
    };
    let files = [
        file(
            "a.yaml",
            "'': !include apex.inc\nx: &x {type: TXT, value: same, ttl: 5}\ny: *x\nz: {<<: *x, ttl: 9}\n",
        ),
        file("b.yaml", "b: {type: TXT, value: b}\n"),
    ];
    let imported = octodns(&files, &options(), &mut include).unwrap();
    assert_eq!(notes(&imported), [""; 0]);
    let zone = text(&imported, "example.com.zone");
    for line in [
        "@   3600 TXT   \"x\"",
        "x      5 TXT   \"same\"",
        "y      5 TXT   \"same\"",
        "z      9 TXT   \"same\"",
        "b   3600 TXT   \"b\"",
    ] {
        expect(zone, line);
    }
    let missing = [file("a.yaml", "x: !include none\n")];
    let wrong = octodns(&missing, &options(), &mut include).unwrap_err();
    assert_eq!(
        wrong[0].to_string(),
        "a.yaml:1:4: no none for a.yaml; expected a file that can be included"
    );
}

#[test]
fn what_octodns_reads_otherwise_than_it_is_written() {
    let imported = import(
        "no: {type: A, value: 192.0.2.1}\n1.10: {type: A, value: 192.0.2.1}\n10: {type: A, value: 192.0.2.1}\nx: {type: A, value: 192.0.2.1}\nx: {type: A, value: 192.0.2.2}\n",
    );
    let found: Vec<&str> = imported.notes.iter().map(|note| note.found.as_str()).collect();
    assert_eq!(
        found,
        ["the name no without quotes", "the name 1.10 without quotes", "\"x\" a second time"]
    );
    expect(text(&imported, "example.com.zone"), "x      3600 A     192.0.2.2\n");
}
