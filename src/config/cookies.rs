//! The file of cookie secrets: one secret of 32 hexadecimal digits on each line.
//!
//! Whoever has a secret can forge cookies, so findings never show what stands in the file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::FilePosition;
use super::folder::{MAX_TOML_BYTES, read_bounded, shown};
use crate::finding::Finding;
use crate::view::CookieSecrets;

/// For a secret that is made, one that will be, one that was, and one to spare: each costs time
/// for every cookie that is not good.
const MOST_SECRETS: usize = 4;
/// What is said of a file that is no such file at all.
const MOST_FINDINGS: usize = 20;
const SECRET_BYTES: usize = 16;
const EXPECTED: &str = "32 hexadecimal digits, as `openssl rand -hex 16` makes them";

/// The secrets, and warnings about their file, which `steersman.toml` names at `position`.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn cookie_secrets(
    path: &Path,
    position: &FilePosition,
) -> Result<(CookieSecrets, Vec<Finding>), Vec<Finding>> {
    let bytes = read_bounded(path, MAX_TOML_BYTES).map_err(|why| {
        let FilePosition { file, line, column } = position;
        let found = format!("{}, a file that cannot be read: {why}", shown(path));
        let expected = format!("a file of secrets, each a line of {EXPECTED}");
        vec![Finding::at(file, (*line, *column), found, expected)]
    })?;
    let secrets = secrets(&shown(path), &String::from_utf8_lossy(&bytes))?;
    Ok((CookieSecrets::new(&secrets), open_to_all(path).into_iter().collect()))
}

fn secrets(file: &str, text: &str) -> Result<Vec<[u8; SECRET_BYTES]>, Vec<Finding>> {
    let (mut secrets, mut findings) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        if findings.len() == MOST_FINDINGS {
            break;
        }
        let digits = text.trim();
        let start = text.chars().take_while(|c| c.is_whitespace()).count() as u32 + 1;
        if digits.is_empty() || digits.starts_with('#') {
            continue;
        }
        match secret(digits) {
            Ok(_) if secrets.len() == MOST_SECRETS => {
                let expected = format!("at most {MOST_SECRETS} secrets");
                findings.push(Finding::at(file, (line, start), "one more secret", expected));
            }
            Ok(secret) => secrets.push(secret),
            Err((column, found)) => {
                findings.push(Finding::at(file, (line, start + column), found, EXPECTED));
            }
        }
    }
    if secrets.is_empty() && findings.is_empty() {
        findings.push(Finding::at(file, (1, 1), "no secret", EXPECTED));
    }
    if findings.is_empty() { Ok(secrets) } else { Err(findings) }
}

/// Reads one secret; or says what is wrong, and how many columns in.
fn secret(digits: &str) -> Result<[u8; SECRET_BYTES], (u32, String)> {
    if let Some(at) = digits.chars().position(|c| !c.is_ascii_hexdigit()) {
        return Err((at as u32, "a character that is no hexadecimal digit".into()));
    }
    let wrong_length = || (0, format!("{} digits", digits.len()));
    if digits.len() != 2 * SECRET_BYTES {
        return Err(wrong_length());
    }
    let number = u128::from_str_radix(digits, 16).map_err(|_| wrong_length())?;
    Ok(number.to_be_bytes())
}

/// A warning about a file of secrets that is readable by everybody.
pub(super) fn open_to_all(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then(|| {
        let found = format!("mode {mode:04o}, with which every user of this machine can get at it");
        Finding::at(shown(path), (1, 1), found, "mode 0600").as_warning()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
    const B: &str = "445536BCD2513298075A5D379663C962";

    fn read(text: &str) -> Result<Vec<[u8; 16]>, Vec<String>> {
        secrets("f", text).map_err(|findings| findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn one_secret_a_line() {
        let (a, b) = (0xe5e973e5a6b2a43f48e7dc849e37bfcfu128, 0x445536bcd2513298075a5d379663c962);
        for (text, wanted) in [
            (A.to_owned(), vec![a]),
            (format!("{A}\n"), vec![a]),
            (format!("# new\r\n  {B}\t\r\n\n# old\n{A}\n"), vec![b, a]),
            (format!("{A}\n{B}\n{A}\n{B}\n"), vec![a, b, a, b]),
        ] {
            let wanted: Vec<_> = wanted.into_iter().map(u128::to_be_bytes).collect();
            assert_eq!(read(&text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn little_is_said_of_what_is_no_such_file_at_all() {
        let lines = "no secret\n".repeat(100_000);
        assert_eq!(read(&lines).unwrap_err().len(), MOST_FINDINGS);
    }

    #[test]
    fn mistakes_are_said_and_secrets_are_not() {
        let expected = format!("expected {EXPECTED}");
        let no_digit = "a character that is no hexadecimal digit";
        for (text, wanted) in [
            (String::new(), vec![format!("f:1:1: no secret; {expected}")]),
            ("# none\n\n".into(), vec![format!("f:1:1: no secret; {expected}")]),
            (A[1..].into(), vec![format!("f:1:1: 31 digits; {expected}")]),
            (format!("{A}\n {A}0"), vec![format!("f:2:2: 33 digits; {expected}")]),
            (format!("\n +{}", &A[1..]), vec![format!("f:2:2: {no_digit}; {expected}")]),
            (
                format!("{} {}\n{A}\nö", &A[..16], &A[16..]),
                vec![
                    format!("f:1:17: {no_digit}; {expected}"),
                    format!("f:3:1: {no_digit}; {expected}"),
                ],
            ),
            (
                format!("{A}\n").repeat(5),
                vec!["f:5:1: one more secret; expected at most 4 secrets".into()],
            ),
        ] {
            assert_eq!(read(&text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn a_file_is_private_and_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cookie.secret");
        let position = FilePosition { file: "steersman.toml".into(), line: 3, column: 7 };
        let read = || cookie_secrets(&path, &position);
        let texts = |findings: &[Finding]| -> Vec<String> {
            findings.iter().map(|f| f.to_string().replace(&*shown(folder.path()), "")).collect()
        };
        let missing = texts(&read().unwrap_err());
        assert_eq!(missing.len(), 1);
        assert!(
            missing[0].starts_with("steersman.toml:3:7: /cookie.secret, a file that cannot be"),
            "{missing:?}"
        );
        fs::write(&path, format!("{A}\n")).unwrap();
        for (mode, warning) in [
            (0o600, None),
            (0o640, None),
            (
                0o644,
                Some(
                    "/cookie.secret:1:1: warning: mode 0644, with which every user of this machine \
                     can get at it; expected mode 0600",
                ),
            ),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let (secrets, warnings) = read().unwrap();
            assert_eq!(secrets.all().len(), 1);
            assert_eq!(texts(&warnings), Vec::from_iter(warning), "{mode:o}");
        }
        fs::write(&path, "x").unwrap();
        assert!(texts(&read().unwrap_err())[0].starts_with("/cookie.secret:1:1: a character"));
    }
}
