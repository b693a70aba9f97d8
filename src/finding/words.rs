//! Small pieces of findings: quoting, lists of what is known, and what was probably meant.

/// The longest quote, in characters; a whole file pasted into one string must not fill a log.
const MAX_QUOTED: usize = 60;
/// The most names that a misspelt one is compared with: files with thousands of either are made by
/// programs, and must not take minutes to refuse.
const MAX_COMPARED: usize = 500;
/// The most names that a finding lists.
const MAX_LISTED: usize = 20;

/// The longest name of what people call something by, in bytes.
const LONGEST_NAME: usize = 64;

/// Whether a character makes a line look like another one: control characters, line separators,
/// and those that turn the direction of writing round.
pub fn misleads(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as it can stand in a line: what would end the line, or turn it round, is escaped.
pub fn on_one_line(text: String) -> String {
    if !text.contains(misleads) {
        return text;
    }
    let escaped = text.chars().map(|c| match misleads(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    escaped.collect()
}

/// Checks a name by which people call what they add, a token or a window of maintenance: it stands in paths, lines and
/// commands as it is.
///
/// # Errors
///
/// Says what is expected.
pub fn plain_name(text: &str) -> Result<(), String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.bytes().all(is_good) {
        return Err(format!("1 to {LONGEST_NAME} letters, digits, dots, hyphens and underscores"));
    }
    Ok(())
}

/// A text in quotes, on one line and not too long.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_QUOTED).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// `one of a, b, c`, or the only one.
pub fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match known.as_slice() {
        [] => "nothing".into(),
        [only] => (*only).into(),
        listed if listed.len() <= MAX_LISTED => format!("one of {}", listed.join(", ")),
        listed => format!(
            "one of {} and {} more",
            listed[..MAX_LISTED].join(", "),
            listed.len() - MAX_LISTED
        ),
    }
}

/// ` (did you mean "…"?)` if something known is close to what was written, else nothing.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match closest(written, known) {
        Some(close) => format!(" (did you mean {}?)", quoted(close)),
        None => String::new(),
    }
}

/// The known name that takes the fewest slips of the finger to become what was written.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    if length > MAX_QUOTED {
        return None;
    }
    let at_most = (length / 3).clamp(1, 3);
    known
        .into_iter()
        .take(MAX_COMPARED)
        .filter(|name| name.chars().count().abs_diff(length) <= at_most)
        .map(|name| (slips(&written.to_lowercase(), &name.to_lowercase()), name))
        // What shares nothing with a name is no slip of it.
        .filter(|(slips, name)| *slips <= at_most && *slips < length && *name != written)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// How many characters are added, lost, changed or swapped with their neighbour (the optimal
/// string alignment distance).
pub fn slips(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = usize::from(from[i - 1] != to[j - 1]);
            let mut least = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + change);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_known_name_is_offered_and_nothing_far_off() {
        let known = ["failover", "weighted", "us-east", "us-west"];
        for (written, meant) in [
            ("us-eats", Some("us-east")),
            ("fail_over", Some("failover")),
            ("Weighted", Some("weighted")),
            ("wieghted", Some("weighted")),
            ("nearest", None),
            ("", None),
        ] {
            assert_eq!(closest(written, known), meant, "{written}");
        }
    }

    #[test]
    fn lists_and_quotes_stay_short() {
        assert_eq!(one_of(["a", "b"]), "one of a, b");
        assert_eq!(one_of(["a"]), "a");
        let many: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        assert!(one_of(many.iter().map(String::as_str)).ends_with("18, 19 and 10 more"));
        assert_eq!(quoted("a\n\"b\""), r#""a\n\"b\"""#);
        assert_eq!(quoted(&"x".repeat(100)), format!("\"{}…\"", "x".repeat(60)));
    }
}
