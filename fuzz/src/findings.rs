//! What findings are held to.

use steersman::finding::Finding;

/// A finding tells a tired operator where in which file, what was found and what was expected;
/// all of them stand in order. `texts` are the files that were read, by the ends of their names.
pub fn check(findings: &[Finding], texts: &[(&str, &[u8])]) {
    assert!(findings.is_sorted(), "{findings:#?}");
    for finding in findings {
        assert!(!finding.found.is_empty() && !finding.expected.is_empty(), "{finding:?}");
        let of_file = |(name, _): &&(&str, &[u8])| finding.file.ends_with(name);
        let (_, text) = texts.iter().find(of_file).expect("a file that was read");
        assert!(is_within(finding, text), "{finding:?}");
    }
}

/// Whether there is such a line, and such a column in it or right behind it.
fn is_within(finding: &Finding, text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let line = finding.line.checked_sub(1).and_then(|line| text.split('\n').nth(line as usize));
    let columns = line.map_or(0, |line| line.chars().count() + 1);
    (1..=columns).contains(&(finding.column as usize))
}
