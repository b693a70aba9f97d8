//! pools.toml: findings that say where and what, the same each time, or pools that names can be
//! steered to.
#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use steersman_fuzz::folder::Folder;
use steersman_fuzz::{findings, steered};

const ZONE: &str = "@ 60 SOA ns.net. host 1 1h 15m 2w 300\n@ 60 NS ns.net.\n";
/// A steering file that says nothing.
const NOTHING: &str = "# nothing\n";

thread_local! {
    static FOLDER: Folder = Folder::new(&[("example.com.zone", ZONE)]);
}

fuzz_target!(|text: &[u8]| {
    FOLDER.with(|folder| {
        folder.write("pools.toml", text);
        folder.write("example.com.toml", NOTHING.as_bytes());
        let texts = [("pools.toml", text)];
        match folder.load_as_ever(text) {
            Ok(loaded) => {
                findings::check(&loaded.warnings, &texts);
                let names: Vec<&str> =
                    loaded.world.inventory.pools.iter().map(|pool| &*pool.name).collect();
                folder.write("example.com.toml", steering(&names).as_bytes());
                steered::ask_all(folder.load().expect("pools that can be named").world);
            }
            Err(findings) => {
                assert!(!findings.is_empty(), "refused without a word");
                findings::check(&findings, &texts);
            }
        }
    });
});

/// A name for each pool, which has no other choice.
fn steering(pools: &[&str]) -> String {
    let mut text = NOTHING.to_owned();
    for (number, pool) in pools.iter().enumerate() {
        let _ = writeln!(text, "[n{number}]\nfailover = [{pool:?}]");
    }
    text
}
