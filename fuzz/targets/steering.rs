//! A steering file: findings that say where and what, the same each time, or names that are
//! steered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steersman_fuzz::folder::Folder;
use steersman_fuzz::world::POOLS;
use steersman_fuzz::{findings, steered};

/// A zone with what steered names may and may not stand beside.
const ZONE: &str = "@ 60 SOA ns host 1 1h 15m 2w 300\n@ 60 NS ns\nns 60 A 192.0.2.1\n\
    www 60 TXT x\nalias 60 CNAME www\ncut 60 NS ns\nd 60 DNAME ns\n*.apps 60 MX 10 ns\n";

thread_local! {
    static FOLDER: Folder = Folder::new(&[("example.com.zone", ZONE), ("pools.toml", POOLS)]);
}

fuzz_target!(|text: &[u8]| {
    FOLDER.with(|folder| {
        folder.write("example.com.toml", text);
        let texts = [
            ("example.com.toml", text),
            ("example.com.zone", ZONE.as_bytes()),
            ("pools.toml", POOLS.as_bytes()),
        ];
        match folder.load_as_ever(text) {
            Ok(loaded) => {
                findings::check(&loaded.warnings, &texts);
                steered::ask_all(loaded.world);
            }
            Err(findings) => {
                assert!(!findings.is_empty(), "refused without a word");
                findings::check(&findings, &texts);
            }
        }
    });
});
