//! The file of allowed signers, as ssh-keygen(1) describes it: on each line who, and their key.
//!
//! Only ssh-keygen decides by it. It is read here so that a mistake is known before a commit comes.

use super::NamedFile;
use super::folder::{MAX_TOML_BYTES, read_bounded, shown};
use crate::finding::Finding;

const EXPECTED: &str = "who and their key, such as `alice@example.com ssh-ed25519 AAAA…`";
/// What is said of a file that is no such file at all.
const MOST_FINDINGS: usize = 20;

/// How the types of keys begin.
const KEY_TYPES: [&str; 5] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "rsa-sha2-"];

/// Says what is wrong with the file, if anything is.
///
/// # Errors
///
/// Everything that is.
pub fn allowed_signers(file: &NamedFile) -> Result<(), Vec<Finding>> {
    let bytes = read_bounded(&file.path, MAX_TOML_BYTES).map_err(|why| {
        let found = format!("a file that cannot be read: {why}");
        vec![file.finding(found, format!("a file of allowed signers, on each line {EXPECTED}"))]
    })?;
    let findings = findings(&shown(&file.path), &String::from_utf8_lossy(&bytes));
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

fn findings(file: &str, text: &str) -> Vec<Finding> {
    let is_said = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| is_said(line)).peekable();
    if lines.peek().is_none() {
        return vec![Finding::at(file, (1, 1), "no signer", EXPECTED)];
    }
    let bad = lines.filter(|(_, line)| !has_key(line));
    let finding = |(line, _)| Finding::at(file, (line, 1), "a line without a key", EXPECTED);
    bad.map(finding).take(MOST_FINDINGS).collect()
}

/// Whether a key stands behind who it is of and perhaps some options.
fn has_key(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_type = |word: &str| KEY_TYPES.iter().any(|kind| word.starts_with(kind));
    words.windows(2).skip(1).any(|pair| is_type(pair[0]) && pair[1].starts_with("AAAA"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        findings("F", text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_line_has_a_key() {
        let good = "# Us\n\na@example.com ssh-ed25519 AAAAC3 a\n\
                    b,c namespaces=\"git,x y\",valid-after=\"20260101\" ecdsa-sha2-nistp256 AAAAE2\n";
        assert_eq!(said(good), [""; 0]);
        let expected = format!("expected {EXPECTED}");
        assert_eq!(said("# None\n"), [format!("F:1:1: no signer; {expected}")]);
        assert_eq!(
            said("a@example.com ssh-ed25519 AAAAC3\nssh-ed25519 AAAAC3\n\nb@example.com AAAAC3\n"),
            [2, 4].map(|line| format!("F:{line}:1: a line without a key; {expected}"))
        );
    }
}
