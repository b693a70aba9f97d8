//! What findings are held to.

use steersman::finding::Finding;

/// A finding tells a tired operator where in which file, what was found and what was expected;
/// all of them stand in order. `texts` are the files that were read, by the ends of their names.
pub fn check(findings: &[Finding], texts: &[(&str, &[u8])]) {
    assert!(findings.is_sorted(), "{findings:#?}");
    let texts: Vec<(&str, Vec<usize>)> =
        texts.iter().map(|(name, text)| (*name, columns(text))).collect();
    for finding in findings {
        assert!(!finding.found.is_empty() && !finding.expected.is_empty(), "{finding:?}");
        let of_file = |(name, _): &&(&str, Vec<usize>)| finding.file.ends_with(name);
        let (_, columns) = texts.iter().find(of_file).expect("a file that was read");
        let line = finding.line.checked_sub(1).and_then(|line| columns.get(line as usize));
        let is_within = line.is_some_and(|most| (1..=*most).contains(&(finding.column as usize)));
        assert!(is_within, "{finding:?}");
    }
}

/// How many columns each line has, the one right behind it included.
fn columns(text: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(text);
    text.split('\n').map(|line| line.chars().count() + 1).collect()
}
