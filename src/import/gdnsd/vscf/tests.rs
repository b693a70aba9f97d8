//! The language, and what is none.

use super::*;

fn read(text: &str) -> Result<Value, String> {
    let mut include = |path: &str, _: &str| match path {
        "a" => Ok(vec![("a".into(), b"k => v, l = [1 2]".to_vec())]),
        "list" => Ok(vec![("list".into(), b"[ x, y ]".to_vec())]),
        "both" => Ok(vec![("1".into(), b"p=1".to_vec()), ("2".into(), b"q=2".to_vec())]),
        "self" => Ok(vec![("self".into(), b"s => $include{self}".to_vec())]),
        _ => Err(format!("no file {path}")),
    };
    let read = Reader::new(&mut include).read("config", text.as_bytes());
    read.map_err(|finding| finding.to_string())
}

fn shown(value: &Value) -> String {
    match &value.kind {
        Kind::Text(text) => text.clone(),
        Kind::Array(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
        Kind::Hash(entries) => {
            let one = |(key, value): &(Key, Value)| format!("{}:{}", key.text, shown(value));
            format!("{{{}}}", entries.iter().map(one).collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn what_the_manual_shows_is_read() {
    for (text, tree) in [
        ("", "{}"),
        ("options={listen=[192.0.2.1 192.0.2.2]}", "{options:{listen:[192.0.2.1 192.0.2.2]}}"),
        ("\"a\" => b, # c\n c => d ; e\n", "{a:b c:d}"),
        ("x => ex\\097mpl\\e y => \"a\\\"b{}\"", "{x:example y:a\"b{}}"),
        ("x => [ [1], { a = b } ]", "{x:[[1] {a:b}]}"),
        ("x => $include{ a } $include{both}", "{x:{k:v l:[1 2]} p:1 q:2}"),
        ("x => $include{\"list\"}", "{x:[x y]}"),
        ("[ a, b, ]", "[a b]"),
        ("2001:DB8::/32 => [ us-01 ]", "{2001:DB8::/32:[us-01]}"),
    ] {
        assert_eq!(read(text).map(|value| shown(&value)), Ok(tree.into()), "{text}");
    }
}

#[test]
fn mistakes_have_their_place() {
    for (text, wrong) in [
        (
            "a => {\n b => 1",
            "config:2:8: the end of the file; expected \"}\", or another entry of the hash",
        ),
        (
            "a => 1\na => 2",
            "config:2:1: the key \"a\" a second time; expected each key once in a hash",
        ),
        ("a 1", "config:1:3: \"1\"; expected \"=>\" or \"=\", and a value"),
        ("a => \"x", "config:1:6: a text whose quotes do not end; expected \""),
        ("a => \\300", "config:1:6: an escape above 255; expected \\000 to \\255"),
        ("a => $include{none}", "config:1:6: no file none; expected a file that can be included"),
        ("a => $x", "config:1:6: \"$\"; expected $include{path}"),
        (
            "a => $include{both}",
            "config:1:6: an $include of several files, or none, for one value; expected the path of one file",
        ),
        (
            "$include{list}",
            "config:1:1: an included array where entries of a hash are; expected a file with the inside of a hash",
        ),
        ("a => }", "config:1:6: \"}\"; expected a text"),
    ] {
        assert_eq!(read(text).map(|value| shown(&value)), Err(wrong.into()), "{text}");
    }
    let looped = read("$include{self}").unwrap_err();
    assert!(looped.contains("too many included files"), "{looped}");
    let deep = format!("a => {}", "[".repeat(100_000));
    assert!(read(&deep).unwrap_err().contains("64 deep"));
}
