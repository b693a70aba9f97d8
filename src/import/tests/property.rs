//! Any valid dynamic record comes to files that load.

use proptest::prelude::*;

use super::{from_gdnsd, from_octodns, loads};

const GEOS: [&str; 12] = [
    "AF", "AF-ZA", "AS", "AS-JP", "AS-TR", "EU", "EU-FR", "NA", "NA-US", "NA-US-CA", "NA-CA-ON",
    "OC",
];

/// Its geos, subnets and pool.
type Rule = (Vec<prop::sample::Index>, Vec<(u32, u8)>, prop::sample::Index);

/// A value as octoDNS allows it.
fn value(rtype: &'static str) -> impl Strategy<Value = String> {
    let status =
        prop_oneof![Just(""), Just(", status: up"), Just(", status: down"), Just(", status: obey")];
    (1..250_u8, 1..=100_u32, status).prop_map(move |(n, weight, status)| {
        format!("{{value: {}, weight: {weight}{status}}}", target(rtype, n))
    })
}

fn target(rtype: &str, n: u8) -> String {
    match rtype {
        "A" => format!("192.0.2.{n}"),
        "AAAA" => format!("'2001:db8::{n:x}'"),
        _ => format!("n{n}.example.net."),
    }
}

/// Pools, the later ones of which earlier ones may fall back to.
fn pools(rtype: &'static str) -> impl Strategy<Value = (usize, String)> {
    let pool = (prop::collection::vec(value(rtype), 1..5), any::<Option<prop::sample::Index>>());
    prop::collection::vec(pool, 1..6).prop_map(|pools| {
        let count = pools.len();
        let text = pools.iter().enumerate().map(|(n, (values, fallback))| {
            let later = count - n - 1;
            let fallback = match fallback {
                Some(index) if later > 0 => format!("fallback: p{}, ", n + 1 + index.index(later)),
                _ => String::new(),
            };
            format!("p{n}: {{{fallback}values: [{}]}}", values.join(", "))
        });
        (count, text.collect::<Vec<_>>().join(", "))
    })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let geos = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let subnets = prop::collection::vec((any::<u32>(), 0..=32_u8), 0..3);
    prop::collection::vec((geos, subnets, any::<prop::sample::Index>()), 0..5)
}

fn record(rtype: &'static str) -> impl Strategy<Value = String> {
    (pools(rtype), rules(), any::<prop::sample::Index>(), 0..100_000_u32, 1..250_u8).prop_map(
        move |((count, pools), rules, last, ttl, n)| {
            let mut written = Vec::new();
            for (geos, subnets, pool) in rules {
                let geos: Vec<&str> = geos.iter().map(|index| *index.get(&GEOS)).collect();
                let subnets: Vec<String> = subnets
                    .iter()
                    .map(|(bits, length)| {
                        let mask = u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0);
                        format!("{}/{length}", std::net::Ipv4Addr::from_bits(bits & mask))
                    })
                    .collect();
                let pool = pool.index(count);
                written.push(format!(
                    "{{geos: [{}], subnets: [{}], pool: p{pool}}}",
                    geos.join(", "),
                    subnets.join(", ")
                ));
            }
            written.push(format!("{{pool: p{}}}", last.index(count)));
            format!(
                "{{type: {rtype}, ttl: {ttl}, value: {}, dynamic: {{pools: {{{pools}}}, rules: [{}]}}}}",
                target(rtype, n),
                written.join(", ")
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn addresses(a in record("A"), aaaa in record("AAAA"), name in "[a-z*_]{1,8}(\\.[a-z0-9-]{1,8})?") {
        let yaml = format!("'{name}': [{a}, {aaaa}]\n");
        let imported = from_octodns(yaml.as_bytes()).unwrap();
        let loaded = loads(&imported);
        let is_left_out = imported.notes.iter().any(|note| note.found.contains("which is to be steered"));
        let is_bad = imported.notes.iter().any(|note| note.found.starts_with("the name"));
        let steered = loaded.world.steered.iter().flatten().count();
        prop_assert_eq!(steered, usize::from(!is_left_out && !is_bad), "{:?}", imported);
    }

    #[test]
    fn aliases(cname in record("CNAME")) {
        let yaml = format!("www: {cname}\n");
        let imported = from_octodns(yaml.as_bytes()).unwrap();
        let loaded = loads(&imported);
        prop_assert_eq!(loaded.world.steered.iter().flatten().count(), 1);
    }

    /// Whatever a few words of the language say.
    #[test]
    fn configurations(words in prop::collection::vec(prop::sample::select(vec![
        "multifo", "weighted", "simplefo", "metafo", "geoip", "maps", "resources", "datacenters",
        "dcmap", "map", "nets", "default", "EU", "FR", "a", "b", "auto", "auto_dc_coords", "%multifo!a",
        "%metafo!a", "192.0.2.1", "2001:db8::1", "x.example.net.", "10.0.0.0/8", "primary", "secondary",
        "service_types", "up", "down", "0.5", "up_thresh", "multi", "true", "7", "addrs_v4", "addrs_v6",
    ]), 1..60), shape in prop::collection::vec(0..6_u8, 60)) {
        let (mut config, mut open) = (String::from("plugins => {"), Vec::new());
        for (word, shape) in words.iter().zip(shape) {
            let in_array = open.last() == Some(&']');
            match (in_array, shape) {
                (true, 0) => config.push(open.pop().unwrap_or(' ')),
                (true, 1) => { config.push('['); open.push(']'); }
                (true, _) => config += &format!(" {word}"),
                (false, 0) if !open.is_empty() => config.push(open.pop().unwrap_or(' ')),
                (false, 1 | 2) => { config += &format!(" {word} => {{"); open.push('}'); }
                (false, 3) => { config += &format!(" {word} => ["); open.push(']'); }
                (false, _) => config += &format!(" {word}{} => {word}", config.len()),
            }
        }
        while let Some(bracket) = open.pop() {
            config.push(bracket);
        }
        config.push('}');
        let records = "a DYNA multifo!a\nb DYNC metafo!a\nc DYNA geoip!a\nd DYNC weighted!a\ne DYNA simplefo!b\n";
        if let Ok(imported) = from_gdnsd(&config, records) {
            loads(&imported);
        }
    }
}
