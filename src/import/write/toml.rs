//! Pieces of TOML.

/// Lists that are longer stand on several lines.
const WIDTH: usize = 100;

/// A text in quotes.
pub(super) fn text(text: &str) -> String {
    ::toml::Value::from(text).to_string()
}

/// A key, in quotes where it needs them. Quotes that run over lines, which texts may have, keys may
/// not: so the library writes it as the key that it is.
pub(super) fn key(name: &str) -> String {
    let line = ::toml::Table::from_iter([(name.into(), true.into())]).to_string();
    line.trim_end().trim_end_matches(" = true").into()
}

/// A line `key = [items]`, or several where that is too long.
pub(super) fn list(key: &str, items: &[String]) -> String {
    let line = format!("{key} = [{}]\n", items.join(", "));
    if line.len() <= WIDTH || items.len() < 2 {
        return line;
    }
    let items: String = items.iter().map(|item| format!("  {item},\n")).collect();
    format!("{key} = [\n{items}]\n")
}

/// Comment lines.
pub(super) fn comments(lines: &[String]) -> String {
    let shown = |line: &String| {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("# {line}").trim_end().to_owned() + "\n"
    };
    lines.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_quoted_is_read_back() {
        for name in [
            "www", "a.b", "", "@", "*.apps", "a\"b", "a\\032b", "it's", "ü\u{7f}", "a\\029'",
            "'\"\\",
        ] {
            let line = format!("{} = {}", key(name), text(name));
            let table: ::toml::Table = line.parse().unwrap();
            assert_eq!(table.get(name).and_then(|value| value.as_str()), Some(name), "{line}");
        }
        assert_eq!((key("us-east"), key("a.b")), ("us-east".into(), "\"a.b\"".into()));
    }

    #[test]
    fn long_lists_take_several_lines() {
        let items: Vec<String> = (0..30).map(|n| text(&format!("pool-{n}"))).collect();
        assert!(list("x", &items).starts_with("x = [\n  \"pool-0\",\n"));
        assert_eq!(list("x", &items[..2]), "x = [\"pool-0\", \"pool-1\"]\n");
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(comments(&["a\nb".into(), String::new()]), "# a b\n#\n");
    }
}
