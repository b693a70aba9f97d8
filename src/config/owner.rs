//! The owner names of a steering file.

use crate::wire::Name;

/// Reads an owner relative to the apex, or absolute with a final dot, into lower case; or says
/// what was found and what was expected.
pub(super) fn parse(text: &str, apex: &Name) -> Result<Name, (String, String)> {
    let found = || crate::finding::words::quoted(text);
    let plain = |byte: u8| byte.is_ascii_graphic();
    if !text.bytes().all(plain) {
        let expected = "a name in ASCII without spaces (xn--… for other scripts)";
        return Err((found(), expected.into()));
    }
    let name = Name::parse(text, apex)
        .map_err(|error| (format!("{}: {error}", found()), "a name relative to the zone".into()))?
        .to_lowercase();
    if !name.is_under(apex) {
        let found = format!("{}, outside of {apex}", found());
        return Err((found, "a name relative to the zone, without a final dot".into()));
    }
    let star = |label: &[u8]| label.contains(&b'*');
    let below = if name.is_wildcard() { name.parent() } else { Some(name.clone()) };
    if below.is_some_and(|rest| rest.labels().any(star)) && !apex.labels().any(star) {
        let expected = r#""*" as the whole leftmost label, such as "*.apps""#;
        return Err((found(), expected.into()));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_relative_to_the_apex_and_below_it() {
        let apex = Name::parse("example.com.", &Name::root()).unwrap();
        for (text, owner) in [
            ("@", Some("example.com.")),
            ("www", Some("www.example.com.")),
            ("WWW.Example.COM.", Some("www.example.com.")),
            ("a.b", Some("a.b.example.com.")),
            ("*", Some("*.example.com.")),
            ("*.apps", Some("*.apps.example.com.")),
            ("_x", Some("_x.example.com.")),
            ("example.com.", Some("example.com.")),
            ("www.example.org.", None),
            (".", None),
            ("", None),
            ("a..b", None),
            ("a.*.b", None),
            ("*.*.b", None),
            ("*a", None),
            ("a b", None),
            ("ä", None),
        ] {
            let read = parse(text, &apex).ok().map(|name| name.to_string());
            assert_eq!(read.as_deref(), owner, "{text}");
        }
        let root = parse("com", &Name::root()).map(|name| name.to_string());
        assert_eq!(root, Ok("com.".into()));
    }
}
