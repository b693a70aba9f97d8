//! `$ORIGIN`, `$INCLUDE` (RFC 1035 5.1) and `$TTL` (RFC 2308 4).

use std::rc::Rc;

use super::lexer::{Entry, Token};
use super::mistakes::{describe, shown};
use super::reader::{Reader, Scope, Source};
use super::time::seconds;
use super::tokens::{Mistake, Tokens};

/// Files include each other to this depth; deeper ones most likely include themselves.
const MAX_DEPTH: usize = 16;

impl Reader<'_> {
    /// Follows an entry that begins with a dollar sign.
    pub(super) fn directive(&mut self, source: &Source<'_>, entry: &Entry<'_>, scope: &mut Scope) {
        let origin = Rc::clone(&scope.origin);
        let mut tokens = Tokens::new(&entry.tokens, &origin);
        let word = tokens.take();
        let sets_origin = word.as_ref().is_ok_and(|word| word.text.eq_ignore_ascii_case("$ORIGIN"));
        let (done, form) = match word.map(|token| token.text.to_ascii_uppercase()) {
            Ok(word) if word == "$ORIGIN" => (set_origin(&mut tokens, scope), "one name"),
            Ok(word) if word == "$TTL" => (set_ttl(&mut tokens, scope), "one TTL"),
            Ok(word) if word == "$INCLUDE" => {
                (self.follow_include(source, &mut tokens, scope), "a path and perhaps an origin")
            }
            Ok(word) if word == "$GENERATE" => (Err(generate()), ""),
            _ => (Err(Mistake::Form), "$ORIGIN, $TTL or $INCLUDE"),
        };
        if let Err(mistake) = done {
            let (at, mut words) = match mistake {
                Mistake::End => (None, describe(&mistake, None, form)),
                _ => (tokens.place(), describe(&mistake, tokens.last(), form)),
            };
            if matches!(mistake, Mistake::End) {
                words.0 = "the end of the line".into();
            }
            scope.lost |= sets_origin;
            self.report(source.finding(at.unwrap_or(entry.end()), words));
        }
    }

    fn follow_include(
        &mut self,
        source: &Source<'_>,
        tokens: &mut Tokens<'_, '_>,
        scope: &Scope,
    ) -> Result<(), Mistake> {
        let path_token = tokens.take()?;
        let path = path(path_token)?;
        // Origin, owner and $TTL of the outer file are as before when it goes on.
        let mut inner = scope.clone();
        inner.depth += 1;
        if tokens.peek().is_some() {
            inner.origin = tokens.name()?.into();
        }
        tokens.finish()?;
        if inner.depth > MAX_DEPTH {
            return Err(Mistake::Other(
                format!("files that include each other more than {MAX_DEPTH} deep"),
                "no file that includes itself".into(),
            ));
        }
        let Some(left) = self.includes_left.checked_sub(1) else {
            return Err(Mistake::Other(
                "too many included files".into(),
                "at most 1000 for one zone".into(),
            ));
        };
        self.includes_left = left;
        match (self.include)(&path, source.file) {
            Ok((file, _)) if self.open_files.contains(&file) => {
                return Err(Mistake::Other(
                    format!("a file that includes itself: {file}"),
                    "files that do not".into(),
                ));
            }
            Ok((file, bytes)) => {
                let Some(left) = self.included_bytes_left.checked_sub(bytes.len()) else {
                    return Err(Mistake::Other(
                        "included files that are too large".into(),
                        "at most 1 GiB in all for one zone".into(),
                    ));
                };
                self.included_bytes_left = left;
                self.file(&file, &bytes, &mut inner);
            }
            Err(reason) => {
                let words = (reason, "a file that can be included".into());
                self.report(source.finding(path_token.place, words));
            }
        }
        Ok(())
    }
}

fn path(token: Token<'_>) -> Result<String, Mistake> {
    let tokens = [token];
    let root = crate::wire::Name::root();
    let bytes = Tokens::new(&tokens, &root).bytes()?;
    String::from_utf8(bytes).map_err(|_| Mistake::NotAscii)
}

fn set_origin(tokens: &mut Tokens<'_, '_>, scope: &mut Scope) -> Result<(), Mistake> {
    let origin = tokens.name()?;
    let is_absolute = tokens.last().is_some_and(|token| token.text.ends_with('.'));
    tokens.finish()?;
    scope.lost &= !is_absolute;
    scope.origin = origin.into();
    Ok(())
}

fn set_ttl(tokens: &mut Tokens<'_, '_>, scope: &mut Scope) -> Result<(), Mistake> {
    // Records after a bad $TTL are no mistakes of their own.
    scope.default_ttl = scope.default_ttl.or(Some(0));
    let token = tokens.take()?;
    let ttl = seconds(token.text).and_then(|ttl| i32::try_from(ttl).ok());
    let ttl = ttl.and_then(|ttl| u32::try_from(ttl).ok()).ok_or_else(|| {
        Mistake::Other(shown(token), "a TTL of at most 2147483647 seconds".into())
    })?;
    tokens.finish()?;
    scope.default_ttl = Some(ttl);
    Ok(())
}

fn generate() -> Mistake {
    let expected = "each record written out, or a wildcard";
    Mistake::Other("$GENERATE, which is not supported".into(), expected.into())
}
