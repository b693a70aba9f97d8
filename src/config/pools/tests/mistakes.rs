//! Mistakes, each where it stands.

mod monitors;

use super::*;

const POOL_KEYS: &str =
    "one of region, monitor, requires, endpoints, min_healthy, panic_below, answers";

const MONITOR_KEYS: &str = "one of http, https, tcp, tls, dns, grpc, exec, icmp, heartbeat, interval, timeout, fall, rise, retry, watch, initial, damping";

const NAME: &str = r#"a name of letters, digits, ".", "_" and "-""#;

/// Asserts the findings of texts, one a line and without the file's name.
fn assert_findings(rows: &[(&str, &[&str])]) {
    for (text, expected) in rows {
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:{f}")).collect();
        assert_eq!(read_all(text).1, expected, "{text}");
    }
}

#[test]
fn mistakes_in_regions_are_said() {
    let latitude = "latitude and longitude in degrees, such as [39.04, -77.49]";
    assert_findings(&[
        ("regions = 3", &["1:11: 3; expected tables, such as [regions.NAME]"]),
        ("[regions]\na = 3", &["2:5: 3; expected a table, [regions.a]"]),
        (
            "[region.a]",
            &[
                "1:2: unknown key \"region\" (did you mean \"regions\"?); expected one of regions, monitors, pools",
            ],
        ),
        ("[regions.a]\nlat = 3", &["2:1: unknown key \"lat\"; expected location"]),
        ("[regions.a]\nlocation = [1]", &[&format!("2:12: a list of 1; expected {latitude}")]),
        ("[regions.a]\nlocation = 'x'", &[&format!("2:12: \"x\"; expected {latitude}")]),
        (
            "[regions.a]\nlocation = [90.5, -181]",
            &[
                "2:13: 90.5; expected a latitude from -90 to 90",
                "2:19: -181; expected a longitude from -180 to 180",
            ],
        ),
        ("[regions.'a b']", &[&format!("1:10: the name \"a b\"; expected {NAME}")]),
        ("[regions.'ü']", &[&format!("1:10: the name \"ü\"; expected {NAME}")]),
        ("[regions.'..']", &[&format!("1:10: the name \"..\"; expected {NAME}")]),
        ("[regions.'']", &[&format!("1:10: the name \"\"; expected {NAME}")]),
    ]);
}

#[test]
fn mistakes_in_pools_are_said() {
    let list = r#"expected a list of endpoints, such as ["192.0.2.10"]"#;
    assert_findings(&[
        ("[pools.a]", &[r#"1:8: pool "a" without endpoints; expected endpoints = ["192.0.2.10"]"#]),
        ("[pools.a]\nendpoints = []", &[&format!("2:13: an empty list; {list}")]),
        ("[pools.a]\nendpoints = '::1'", &[&format!("2:13: \"::1\"; {list}")]),
        (
            "[pools.a]\nendpoints = ['::1']\nregions = 'x'",
            &[&format!(
                "3:1: unknown key \"regions\" (did you mean \"region\"?); expected {POOL_KEYS}"
            )],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\n[pools.a.b]",
            &[&format!(
                "3:10: unknown key \"b\"; expected {POOL_KEYS}; a name with a dot is quoted"
            )],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\nregion = 'us'\nmonitor = 'web'",
            &[
                "3:10: unknown region \"us\"; expected a region; there is no [regions.us] in this file",
                "4:11: unknown monitor \"web\"; expected a monitor; there is no [monitors.web] in this file",
            ],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\nregion = 'us-eats'\nmonitor = ['web']\n[regions.us-east]\n[regions.eu]\n[monitors.icmp]\nicmp = {}",
            &[
                "3:10: unknown region \"us-eats\" (did you mean \"us-east\"?); expected one of eu, us-east",
                "4:12: unknown monitor \"web\"; expected icmp",
            ],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\nmonitor = ['m', 'm', 1]\n[monitors.m]\nicmp = {}",
            &[
                "3:17: monitor \"m\" a second time; expected each monitor once",
                "3:22: 1; expected the name of a monitor",
            ],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\nmin_healthy = 0\nanswers = 2",
            &[
                "3:15: 0; expected a number of endpoints, at least 1",
                "4:11: 2; expected 1 or \"all\"",
            ],
        ),
        (
            "[pools.a]\nendpoints = ['::1']\nanswers = 'one'",
            &["3:11: \"one\"; expected 1 or \"all\""],
        ),
        (
            "[pools.a]\nendpoints = ['::1', '192.0.2.1', '192.0.2.2']\nmin_healthy = 2",
            &[
                "3:15: 2, more than the pool's IPv6 addresses (1); expected 1: each family is counted by itself",
            ],
        ),
        (
            "[monitors.t]\ntcp = {}\n[pools.a]\nmonitor = 't'\nendpoints = [{ address = '::1', probe = '::2' }]",
            &[
                "3:8: no port to probe ::1 of pool \"a\" by monitor \"t\"; expected tcp = { port = … }, or probe = \"ADDR:PORT\" for each endpoint",
            ],
        ),
        (
            "[monitors.i]\nicmp = {}\n[pools.a]\nmonitor = 'i'\nendpoints = [{ cname = 'a.b' }]",
            &[
                "5:14: the host name a.b. to be monitored, but names are not resolved; expected probe = \"ADDR:PORT\" beside it, or no monitor for the pool",
            ],
        ),
    ]);
}

#[test]
fn a_mistake_does_not_make_others_of_what_refers_to_it() {
    let web = "[pools.a]\nendpoints = ['::1']\nmonitor = 'web'\n[pools.b]\nendpoints = ['::2']\nmonitor = 'web'";
    assert_findings(&[
        (
            &format!("[[monitors.web]]\nicmp = {{}}\n{web}"),
            &["1:12: [[monitors.web]]; expected [monitors.web], in single brackets"],
        ),
        (
            "[pools.a]\nendpoints = ['192.0.2.1']\nmin_healthy = 2",
            &["3:15: 2, more than the pool's IPv4 addresses (1); expected 1"],
        ),
        (
            "[monitors.m]\nicmp = {}\nhttp = { headers = { a = 1 } }",
            &[
                "3:1: a second kind, \"http\", beside \"icmp\"; expected one kind for each monitor; a pool may have several monitors",
            ],
        ),
        (
            "[pool.a]",
            &[
                "1:2: unknown key \"pool\" (did you mean \"pools\"?); expected one of regions, monitors, pools",
            ],
        ),
        (
            "[monitors.m]\nicmp = {}\n[monitors.m.htp]",
            &[&format!(
                "3:13: unknown key \"htp\" (did you mean \"http\"?); expected {MONITOR_KEYS}"
            )],
        ),
    ]);
}

#[test]
fn mistakes_in_shares_are_said() {
    let expected = r#"expected a share above 0 and up to 1, such as 0.5, or "50%""#;
    for (written, shown) in [
        ("0", "0"),
        ("1.5", "1.5"),
        ("50", "50"),
        ("-0.5", "-0.5"),
        ("true", "true"),
        ("'50'", "\"50\""),
        ("'0%'", "\"0%\""),
        ("'101%'", "\"101%\""),
        ("'+5%'", "\"+5%\""),
        ("'%'", "\"%\""),
        ("'half'", "\"half\""),
        ("[1]", "a list"),
    ] {
        let text = format!("[pools.p]\nendpoints = ['::1']\npanic_below = {written}");
        assert_eq!(read_all(&text).1, [format!("pools.toml:3:15: {shown}; {expected}")], "{text}");
    }
}

#[test]
fn mistakes_in_what_pools_require_are_said() {
    let pool = |name: &str, requires: &str| {
        format!("[pools.{name}]\nendpoints = ['::1']\nrequires = {requires}\n")
    };
    let circle = "expected no pool that requires itself by way of others";
    let names = "the name of a pool, or a list of them";
    for (text, expected) in [
        (pool("a", "3"), vec![format!("3:12: 3; expected {names}")]),
        (pool("a", "[3]"), vec!["3:13: 3; expected the name of a pool".into()]),
        (
            pool("db", "'bd'"),
            vec!["3:12: unknown pool \"bd\" (did you mean \"db\"?); expected db".into()],
        ),
        (pool("a", "'a'"), vec![format!("3:12: a circle: \"a\" requires \"a\"; {circle}")]),
        (
            pool("a", "['b', 'b']") + &pool("b", "[]"),
            vec!["3:18: pool \"b\" a second time; expected each pool once".into()],
        ),
        (
            // Found where the first of them in the file names the next.
            pool("x", "'b'")
                + &pool("a", "['y', 'b']")
                + &pool("b", "'c'")
                + &pool("c", "'a'")
                + &pool("y", "[]"),
            vec![format!(
                "6:18: a circle: \"a\" requires \"b\", which requires \"c\", which requires \"a\"; {circle}"
            )],
        ),
        (
            pool("a", "'b'") + &pool("b", "'a'") + &pool("c", "'d'") + &pool("d", "'c'"),
            vec![
                format!("3:12: a circle: \"a\" requires \"b\", which requires \"a\"; {circle}"),
                format!("9:12: a circle: \"c\" requires \"d\", which requires \"c\"; {circle}"),
            ],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{text}");
    }
}

/// Also one that no finding could list, nor a stack hold.
#[test]
fn a_circle_may_be_long() {
    let pool = |n: usize| {
        let next = (n + 1) % 50_000;
        format!("[pools.p{n}]\nendpoints = ['::1']\nrequires = 'p{next}'\n")
    };
    let (_, findings) = read_all(&(0..50_000).map(pool).collect::<String>());
    let [finding] = findings.as_slice() else { panic!("{} findings", findings.len()) };
    assert!(
        finding.starts_with("pools.toml:3:12: a circle: \"p0\" requires \"p1\", "),
        "{finding}"
    );
    assert!(finding.contains("requires \"p10\", and so on by 49990 more; "), "{finding}");
}

#[test]
fn names_that_nobody_asks_by_are_said() {
    let host = "host, by which no monitor of this pool asks; expected no such key, or a monitor that asks by HTTP, TLS, gRPC or a command";
    let sni = "sni, by which no monitor of this pool asks; expected no such key, or a monitor that asks over TLS or by gRPC";
    let (host, sni) = (format!("5:39: {host}"), format!("5:59: {sni}"));
    for (kind, monitor, wanted) in [
        ("http = {}", "'m'", vec![&sni]),
        ("https = {}", "'m'", vec![]),
        ("tcp = { port = 1 }", "'m'", vec![&host, &sni]),
        ("tcp = { port = 1, tls = true }", "'m'", vec![]),
        ("tls = {}", "'m'", vec![]),
        ("grpc = { port = 1 }", "'m'", vec![]),
        ("dns = { name = 'a' }", "'m'", vec![&host, &sni]),
        ("icmp = {}", "'m'", vec![&host, &sni]),
        ("heartbeat = {}", "'m'", vec![&host, &sni]),
        ("https = {}", "['m', 'ping']", vec![]),
    ] {
        let text = format!(
            "[monitors]\nping.icmp = {{}}\nm.{kind}\n[pools.a]\nendpoints = [{{ address = '192.0.2.1', \
             host = 'a.example', sni = 'b.example' }}]\nmonitor = {monitor}"
        );
        let wanted: Vec<String> = wanted.iter().map(|f| format!("pools.toml:{f}")).collect();
        assert_eq!(read_all(&text).1, wanted, "{kind}");
    }
}

#[test]
fn mistakes_in_endpoints_are_said() {
    let address = r#"expected an IPv4 or IPv6 address, such as "192.0.2.10" or "2001:db8::10""#;
    let host = r#"expected a host name, such as "customer.cdn.example.net.""#;
    let weight = "expected a weight from 0 to 1000000, without fraction";
    let probe =
        r#"expected an address to probe, such as "10.0.0.1", "10.0.0.1:8080" or "[::1]:80""#;
    let one = "expected the address of one host";
    for (endpoints, expected) in [
        ("1", &[&*format!("1: 1; {address}")][..]),
        ("'192.0.2.256'", &[&format!("1: \"192.0.2.256\"; {address}")]),
        ("'192.0.2.1/32'", &[&format!("1: \"192.0.2.1/32\"; {address}")]),
        (
            "'192.0.2.1:80'",
            &[
                r#"1: "192.0.2.1:80", an address with a port; expected an address; where it is probed is said by { address = "192.0.2.1", probe = "192.0.2.1:80" }"#,
            ],
        ),
        (
            "'www.example.org'",
            &[
                r#"1: "www.example.org"; expected an address; a host name is written { cname = "www.example.org." }"#,
            ],
        ),
        ("'0.0.0.0'", &[&format!("1: \"0.0.0.0\", the unspecified address; {one}")]),
        ("'ff02::1'", &[&format!("1: \"ff02::1\", a multicast address; {one}")]),
        ("'255.255.255.255'", &[&format!("1: \"255.255.255.255\", the broadcast address; {one}")]),
        (
            "'::ffff:192.0.2.1'",
            &[&format!(
                "1: \"::ffff:192.0.2.1\", an IPv4 address within an IPv6 one (write \"192.0.2.1\"); {one}"
            )],
        ),
        (
            "'::1', '0:0:0:0:0:0:0:1'",
            &["8: endpoint ::1 a second time (first in line 2); expected each endpoint once"],
        ),
        (
            "{ cname = 'a.B.' }, { cname = 'A.b' }",
            &["21: endpoint a.b. a second time (first in line 2); expected each endpoint once"],
        ),
        (
            "'::1', { cname = 'a.b' }",
            &[
                "8: a host name in a pool of addresses; expected either addresses or host names in one pool",
            ],
        ),
        (
            "{ cname = 'a.b' }, '::1'",
            &[
                "20: an address in a pool of host names; expected either addresses or host names in one pool",
            ],
        ),
        ("{}", &["1: an endpoint without address; expected address or cname"]),
        (
            "{ address = '::1', cname = 'a.b' }",
            &["20: a host name and an address; expected either address or cname"],
        ),
        (
            "{ address = '::1', port = 80 }",
            &["20: unknown key \"port\"; expected one of address, cname, weight, probe, host, sni"],
        ),
        ("{ address = '::1', weight = -1 }", &[&format!("29: -1; {weight}")]),
        ("{ address = '::1', weight = 0.5 }", &[&format!("29: 0.5; {weight}")]),
        ("{ address = '::1', weight = 1000001 }", &[&format!("29: 1000001; {weight}")]),
        (
            "{ address = '::1', weight = 0 }, { address = '::2', weight = 0 }",
            &["0: only weights of 0; expected at least one weight above 0"],
        ),
        ("{ address = '::1', probe = ':80' }", &[&format!("28: \":80\"; {probe}")]),
        ("{ address = '::1', probe = 'x:80' }", &[&format!("28: \"x:80\"; {probe}")]),
        ("{ address = '::1', probe = '::2:0' }", &[]),
        ("{ address = '::1', probe = '[::2]:0' }", &[&format!("28: \"[::2]:0\"; {probe}")]),
        ("{ address = '::1', probe = 80 }", &[&format!("28: 80; {probe}")]),
        (
            "{ address = '::1', probe = '0.0.0.0:1' }",
            &[&format!("28: \"0.0.0.0:1\", the unspecified address; {one}")],
        ),
        (
            "{ cname = 'a b' }",
            &[&format!(
                "11: \"a b\": a character other than letters, digits, \"-\" and \"_\"; {host}"
            )],
        ),
        (
            "{ cname = '192.0.2.1' }",
            &[&format!("11: \"192.0.2.1\": an address, or part of one; {host}")],
        ),
        ("{ cname = '' }", &[&format!("11: \"\": an empty label; {host}")]),
        ("{ cname = 1 }", &[&format!("11: 1; {host}")]),
    ] {
        let text = format!("[pools.a]\nendpoints = [{endpoints}]");
        let column = |finding: &&str| {
            let (column, rest) = finding.split_once(':').unwrap();
            format!("pools.toml:2:{}:{rest}", column.parse::<usize>().unwrap() + 13)
        };
        let expected: Vec<String> = expected.iter().map(column).collect();
        assert_eq!(read_all(&text).1, expected, "{text}");
    }
}

#[test]
fn all_mistakes_are_said_at_once_and_names_stay_known() {
    let (inventory, findings) = read_all(
        "[pools.a]\nendpoints = ['x y']\nmin_healthy = 5\n[pools.b]\nregion = 'no'\n\
         [monitors.m]\nhttp = { port = 0 }\nrise = 0\n[regions.r]\nlocation = []",
    );
    assert_eq!(findings.len(), 6, "{findings:#?}");
    assert_eq!((inventory.pool("a"), inventory.pool("b")), (Some(0), Some(1)));
}
