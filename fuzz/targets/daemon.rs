//! steersman.toml, and the file of cookie secrets: findings that say where and what, the same each
//! time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steersman::config::{self, FilePosition};
use steersman::finding::Finding;
use steersman_fuzz::findings;
use steersman_fuzz::folder::Folder;

const FILE: &str = "steersman.toml";

thread_local! {
    static FOLDER: Folder = Folder::new(&[]);
}

fuzz_target!(|text: &[u8]| {
    FOLDER.with(|folder| {
        folder.write(FILE, text);
        let path = folder.path(FILE);
        let daemon = config::daemon(&path);
        assert_eq!(daemon, config::daemon(&path));
        check(daemon.err(), text);
        let position = FilePosition { file: FILE.into(), line: 1, column: 1 };
        let secrets = config::cookie_secrets(&path, &position);
        let is_good = secrets.as_ref().is_ok_and(|(secrets, _)| !secrets.all().is_empty());
        assert_eq!(is_good, secrets.is_ok(), "no secrets, and no word of it");
        check(secrets.err(), text);
    });
});

fn check(findings: Option<Vec<Finding>>, text: &[u8]) {
    if let Some(findings) = findings {
        assert!(!findings.is_empty(), "refused without a word");
        findings::check(&findings, &[(FILE, text)]);
    }
}
