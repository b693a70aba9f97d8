//! gdnsd.

use super::super::{Gdnsd, GdnsdZone, gdnsd};
use super::{expect, from_gdnsd, loads, notes, text};

#[track_caller]
fn import(config: &str, records: &str) -> super::Imported {
    let imported = from_gdnsd(config, records).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    loads(&imported);
    imported
}

#[test]
fn a_group_and_its_monitor() {
    let imported = import(
        "service_types => {
  web => { plugin => http_status, vhost => www.example.com, url_path => /up, ok_codes => [200 204]
           up_thresh => 4, ok_thresh => 1, down_thresh => 3, interval => 8, timeout => 2 }
}
plugins => { multifo => { up_thresh => 0.3, www => { service_types => web
  addrs_v4 => [ 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 ]
  addrs_v6 => { up_thresh => 0.5, a => 2001:db8::1, b => 2001:db8::2, c => 2001:db8::3 }
} } }
",
        "; the shop\nwww 300 DYNA multifo!www ; behind\n    MX 10 mail ; mails\n",
    );
    assert_eq!(notes(&imported), [""; 0]);
    expect(
        text(&imported, "pools.toml"),
        r#"
[monitors.web]
http = { path = "/up", port = 80, host = "www.example.com", status = [200, 204] }
interval = "8s"
timeout = "2s"
fall = 3
rise = 4
retry = "8s"
watch = false

[pools.www]
monitor = "web"
endpoints = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1", "2001:db8::2", "2001:db8::3"]
min_healthy = 2
"#
        .replace("[\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\", \"192.0.2.4\", \"2001:db8::1\", \"2001:db8::2\", \"2001:db8::3\"]", "[\n  \"192.0.2.1\",\n  \"192.0.2.2\",\n  \"192.0.2.3\",\n  \"192.0.2.4\",\n  \"2001:db8::1\",\n  \"2001:db8::2\",\n  \"2001:db8::3\",\n]")
        .as_str(),
    );
    expect(
        text(&imported, "example.com.toml"),
        "# the shop\n# DYNA multifo!www, from zones/example.com:4\n[www]\nttl = 300\nfailover = [\"www\"]\n",
    );
    expect(text(&imported, "example.com.zone"), "www  86400 MX    10 mail.example.com. ; mails\n");
}

#[test]
fn places_networks_and_coordinates() {
    let imported = import(
        "plugins => { geoip => {
  maps => {
    world => {
      datacenters => [ eu, us, spare ]
      map => {
        EU => [ eu, us, spare ]
        NA => { default => [ us, eu, spare ], US => { CA => [ spare, us, eu ], Dallas => [ us ] } }
        AS => { JP => [ spare ] }
      }
      nets => { 10.0.0.0/8 => spare, ::C000:0200/120 => [ us, eu ] }
    }
    near => { datacenters => [ a, b ], auto_dc_coords => { a => [ 38.9, -77 ], b => [ 50.1, 8.7 ] } }
  }
  resources => {
    www => { map => world, dcmap => { eu => 192.0.2.1, us => [ 192.0.2.2, 192.0.2.3 ], spare => spare.example.net. } }
    app => { map => near, dcmap => { a => 192.0.2.4, b => 192.0.2.5 } }
  }
} }
",
        "www 60/60 DYNC geoip!www\nwww-us 60 DYNA geoip!www/us\napp 60 DYNA geoip!app\n",
    );
    let found: Vec<&str> = imported.notes.iter().map(|note| note.found.as_str()).collect();
    assert_eq!(
        found,
        ["\"Dallas\" within NA-US in the map world", "the least TTL 60 of www.example.com."]
    );
    let steering = text(&imported, "example.com.toml");
    expect(
        steering,
        r#"
[www.geo]
"10.0.0.0/8" = "www-spare"
"192.0.2.0/24" = ["www-us", "www-eu"]
NA = ["www-us", "www-eu", "www-spare"]
NA-US-CA = ["www-spare", "www-us", "www-eu"]
AS-JP = "www-spare"
default = ["www-eu", "www-us", "www-spare"]
"#,
    );
    expect(steering, "[www-us]\nttl = 60\nfailover = [\"www-us\"]\n");
    expect(steering, "[app]\nttl = 60\nnearest = [\"app-a\", \"app-b\"]\n");
    expect(text(&imported, "pools.toml"), "[regions.a]\nlocation = [38.9, -77.0]\n");
}

#[test]
fn networks_in_a_file_of_their_own() {
    let config = b"plugins => { geoip => {
  maps => { m => { datacenters => [ a, b ], nets => nets } }
  resources => { r => { map => m, dcmap => { a => 192.0.2.1, b => 192.0.2.2 } } }
} }";
    let zone = b"@ 60 SOA ns.net. host 1 2 3 4 60\n@ NS ns.net.\nr 60 DYNA geoip!r\n";
    let zone = GdnsdZone { stem: "example.com", name: "zones/example.com", bytes: zone };
    let from = Gdnsd { config: Some(("etc/config", config)), zones: vec![zone] };
    let mut include = |path: &str, by: &str| match (path, by) {
        ("geoip/nets", "etc/config") => {
            let nets = b"10.0.0.0/8 => [ b, a ]\n10.0.0.0/7x => b\n".to_vec();
            Ok(vec![("etc/geoip/nets".into(), nets)])
        }
        _ => Err("none".into()),
    };
    let imported = gdnsd(&from, &mut include).unwrap();
    loads(&imported);
    let expected = "[r.geo]\n\"10.0.0.0/8\" = [\"r-b\", \"r-a\"]\ndefault = [\"r-a\", \"r-b\"]\n";
    expect(text(&imported, "example.com.toml"), expected);
    let notes = notes(&imported);
    assert!(notes[0].starts_with("etc/geoip/nets:2:1: the network \"10.0.0.0/7x\""), "{notes:?}");
}

#[test]
fn datacenters_of_datacenters() {
    let imported = import(
        "plugins => {
  multifo => { two => { a => 192.0.2.1, b => 192.0.2.2 } }
  weighted => { w => { a => [ 192.0.2.3, 7 ], b => [ 192.0.2.4, 3 ] } }
  simplefo => { s => { primary => 192.0.2.5, secondary => 192.0.2.6 } }
  static => { one => 192.0.2.7, far => far.example.net. }
  metafo => { service_types => down, resources => {
    m => { datacenters => [ d1 d2 d3 d4 d5 d6 ], dcmap => {
      d1 => %multifo!two, d2 => %weighted!w, d3 => %simplefo!s, d4 => %static!one
      d5 => { plugin => simplefo, primary => 192.0.2.8, secondary => 192.0.2.9 }, d6 => %metafo!inner
    } }
    inner => { datacenters => [ x ], dcmap => { x => 192.0.2.10 } }
    round => { datacenters => [ x ], dcmap => { x => %metafo!around } }
    around => { datacenters => [ y ], dcmap => { y => %metafo!round } }
  } }
}
",
        "m 60 DYNA metafo!m\nround 60 DYNA metafo!round\none 60 DYNA static!one\nfar 60 DYNC static!far\n\
         r DYNA reflect\nn 60 DYNA null\nnope DYNA multifo!nope\n",
    );
    let notes = notes(&imported);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("references lead further than these, or in a circle"))
    );
    for name in ["round.example.com. DYNA", "nope.example.com. DYNA multifo!nope", ": reflect:"] {
        assert!(notes.iter().any(|note| note.contains(name)), "{name}: {notes:#?}");
    }
    expect(
        text(&imported, "example.com.toml"),
        r#"
failover = [
  "two-d1",
  "w-d2",
  ["s-d3-primary", "s-d3-secondary"],
  "one-d4",
  ["m-d5-primary", "m-d5-secondary"],
  "inner-x",
]
"#,
    );
    expect(
        text(&imported, "pools.toml"),
        "[pools.inner-x]\nregion = \"x\"\nmonitor = \"down\"\nendpoints = [\"192.0.2.10\"]\n",
    );
    let zone = text(&imported, "example.com.zone");
    for line in [
        "one     60 A     192.0.2.7",
        "far     60 CNAME far.example.net.",
        "n       60 A     0.0.0.0",
        "n       60 AAAA  ::",
    ] {
        expect(zone, line);
    }
}

#[test]
fn weights_and_groups() {
    let imported = import(
        "plugins => { weighted => {
  even => { multi => true, a => [ 192.0.2.1, 5 ], b => [ 192.0.2.2, 5 ] }
  groups => { g1 => { a => [ 192.0.2.3, 2 ], b => [ 192.0.2.4, 2 ] }, g2 => { a => [ 192.0.2.5, 6 ] } }
  hosts => { a => [ a.example.net., 99 ], b => [ b.example.net., 1 ] }
} }
",
        "even 60 DYNA weighted!even\ngroups 60 DYNA weighted!groups\nhosts 60 DYNC weighted!hosts\n",
    );
    assert_eq!(notes(&imported), [""; 0]);
    let pools = text(&imported, "pools.toml");
    expect(pools, "[pools.even]\nendpoints = [\"192.0.2.1\", \"192.0.2.2\"]\n\n");
    expect(pools, "[pools.groups-g1]\nendpoints = [\"192.0.2.3\", \"192.0.2.4\"]\n\n");
    expect(
        pools,
        "endpoints = [{ cname = \"a.example.net.\", weight = 99 }, { cname = \"b.example.net.\", weight = 1 }]\n",
    );
    expect(
        text(&imported, "example.com.toml"),
        "[groups.weighted]\ngroups-g1 = 4\ngroups-g2 = 6\n",
    );
}

#[test]
fn what_cannot_be_carried_over_is_said() {
    let imported = import(
        "options => { listen => 192.0.2.1, min_ttl => 30 }
service_types => {
  cmd => { plugin => extmon, cmd => [ \"/bin/x\", \"%%ITEM%%\" ] }
  file => { plugin => extfile, file => x }
  slow => { plugin => tcp_connect, port => 25, down_thresh => 4 }
}
plugins => { multifo => {
  a => { service_types => [ cmd, file, slow, none ], x => 192.0.2.1, y => 0.0.0.0 }
} }
",
        "a 10 DYNA multifo!a\n_acme-challenge.a 60 TXT x\n",
    );
    let said: Vec<(u32, &str)> =
        imported.notes.iter().map(|note| (note.line, note.found.as_str())).collect();
    assert_eq!(
        said,
        [
            (1, "the option listen"),
            (3, "the command \"/bin/x %%ITEM%%\" of the service type cmd"),
            (4, "the plugin extfile of the service type file"),
            (5, "ok_thresh 10 of the service type slow"),
            (8, "the service type \"none\""),
            (8, "\"0.0.0.0\" of a"),
            (3, "the TTL 10 of a.example.com."),
        ]
    );
    expect(text(&imported, "example.com.toml"), "[a]\nttl = 30\n");
    expect(text(&imported, "example.com.zone"), "_acme-challenge.a      0 TXT   \"x\"\n");
}

#[test]
fn zone_files_of_gdnsd_in_plain_form() {
    let long = "x".repeat(300);
    let zone = format!(
        "$TTL 3600\n@ SOA ns1 dns-admin (\n 1 ; serial\n 7200 30M 3D 900 )\n@ NS ns1\nns1 A 192.0.2.1\n\
         $ORIGIN sub\nwww 60 IN A 192.0.2.2\n  TXT {long}\n$INCLUDE inc deep\n@Z MX 10 mail.@Z\n\
         alias CNAME www.@F\nx TYPE65000 \\# 2 0102\nbad A\n"
    );
    let zone = GdnsdZone { stem: "example.com", name: "zones/example.com", bytes: zone.as_bytes() };
    let mut include = |path: &str, by: &str| match (path, by) {
        ("inc", "zones/example.com") => {
            Ok(vec![("zones/inc".into(), b"$TTL 5\nfoo A 192.0.2.3\n".to_vec())])
        }
        _ => Err("none".into()),
    };
    let imported = gdnsd(&Gdnsd { config: None, zones: vec![zone] }, &mut include).unwrap();
    loads(&imported);
    let strings = format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45));
    expect(
        text(&imported, "example.com.zone"),
        &format!(
            "
@               900 SOA   ns1.example.com. dns-admin.example.com. 1 7200 1800 259200 900
@              3600 NS    ns1.example.com.
ns1            3600 A     192.0.2.1
www.sub          60 A     192.0.2.2
www.sub        3600 TXT   {strings}
foo.deep.sub      5 A     192.0.2.3
@              3600 MX    10 mail.example.com.
alias.sub      3600 CNAME www.example.com.
x.sub          3600 TYPE65000 \\# 2 0102
"
        ),
    );
    let notes = notes(&imported);
    assert_eq!(notes.len(), 1, "{notes:#?}");
    assert!(notes[0].starts_with("zones/example.com:14:1: bad.sub.example.com. A: "), "{notes:#?}");
}

/// A resource that is no alias of the names that have it, but for one.
#[test]
fn a_name_that_leads_to_itself_is_left_out() {
    let imported = import(
        "plugins => { weighted => { hosts => { a = [ www.example.com., 2 ], b = [ b.example.net., 1 ] } } }\n",
        "www 60 DYNC weighted!hosts\nother 60 DYNC weighted!hosts\n",
    );
    assert_eq!(
        notes(&imported),
        [
            "zones/example.com:3:1: www.example.com., which is to be steered: it leads to itself; instead: it is left out"
        ]
    );
    assert!(text(&imported, "example.com.toml").contains("[other]"));
}
