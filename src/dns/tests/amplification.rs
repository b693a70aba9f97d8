//! How much longer than its question a reply over UDP can be.

use std::collections::BTreeMap;
use std::path::Path;

use super::support::{SEED, Setup, ask, ask_wire};
use crate::health::{Standing, StandingNow};
use crate::reload;
use crate::steering::Pools;
use crate::view::{CookieSecrets, View};
use crate::wire::{Name, rtype};

/// The zones that are shipped.
fn shipped() -> View {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("steersman.toml");
    let world = reload::load_from(&config, SEED).unwrap().world;
    let up = StandingNow { standing: Standing::Up, hold: None };
    let pools = Pools::new(&world.inventory, |_| up);
    let cookie_secrets = CookieSecrets::default();
    View { world: world.into(), pools, nsid: Some(b"steersman-1"[..].into()), cookie_secrets }
}

/// Owners of the shipped zones, and names of which there are none.
fn names(view: &View) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for zone in view.world.zones.all() {
        names.extend(zone.owners());
        let nope = format!("x.{}", zone.apex);
        names.push(Name::parse(&nope, &Name::root()).unwrap().as_wire().to_vec());
    }
    names.push(b"\x03com\0".to_vec());
    names
}

/// Lists the replies that bring most bytes for a byte.
#[test]
fn the_shipped_zones_amplify_by_no_more_than_is_documented() {
    let view = shipped();
    let mut found = BTreeMap::new();
    for name in names(&view) {
        // Every type with a number of one byte, and the highest of them is ANY.
        for qtype in 1..=rtype::ANY {
            for size in [None, Some(512), Some(1232), Some(4096), Some(65_535)] {
                let mut packet = ask_wire(&name, qtype);
                if let Some(size) = size {
                    packet = packet.edns(size, &[(3, b"")]);
                }
                let reply = packet.of(&view);
                let (asked, got) = (packet.wire().len(), reply.bytes.len());
                let cap = size.unwrap_or(0).clamp(512, 1232);
                assert!(got <= usize::from(cap), "{}", reply.text());
                let percent = got * 100 / asked;
                let question = format!("{percent} %: {got} for {asked} bytes, type {qtype}");
                let worst = found.entry(reply.text()).or_insert((percent, String::new()));
                *worst = (percent, question).max(worst.clone());
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().map(|(reply, worst)| (worst, reply)).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    let line =
        |((_, question), reply): &((usize, String), String)| format!("{question}: {reply}\n");
    let worst: String = found.iter().take(10).map(line).collect();
    println!("{worst}");
    let ((percent, _), _) = found[0];
    // As `docs/answers.md` has it.
    assert!(percent <= 340, "{worst}");
}

/// One set of a name that has many, and none where the only one is too long.
#[test]
fn any_is_bounded() {
    let long = "y".repeat(250);
    let texts: String = (0..20).map(|n| format!("www TXT \"{n}{long}\"\n")).collect();
    let rows = format!("{texts}www A 192.0.2.1\nwww MX 10 www\n{}", texts.replace("www", "big"));
    let view = Setup::default().zone("example.", &rows).view();
    let any = |name: &str| ask(&format!("{name}.example. ANY")).edns(65_535, &[]).of(&view);
    assert_eq!(any("www").text(), "NOERROR aa; Q 600 A 192.0.2.1");
    assert_eq!(any("big").text(), "NOERROR aa tc");
}
