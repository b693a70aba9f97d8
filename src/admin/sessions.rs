//! Who is signed in on the page: a cookie names a session, and a session stands for a token.
//!
//! The cookie holds a random number and never the token. Sessions are kept in memory only, end by
//! themselves, and end with the token that they were begun with.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq as _;

use super::access::Caller;
use crate::clock;

/// A session that nobody has used for so long has ended.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// And every one after this.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many are kept for one token: of more the one that was used the longest time ago goes.
const OF_ONE_TOKEN: usize = 300;
/// And for all tokens.
const OF_ALL: usize = 3000;

/// So many wrong tokens in a row are a person's mistakes.
const ATTEMPTS: f64 = 10.0;
/// After that one may be tried in this time.
const ATTEMPT_EVERY: Duration = Duration::from_secs(6);
/// Of so many client networks it is known how many they tried.
const NETWORKS: usize = 4096;

/// No client has this address: what all others tried stands there.
const ALL_OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// All sessions, and who tried in vain to begin one.
pub(super) struct Sessions {
    /// Without what a page over TLS puts before it.
    cookie: String,
    open: Mutex<HashMap<String, Session>>,
    attempts: Mutex<HashMap<IpAddr, Attempts>>,
}

/// One who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) caller: Caller,
    /// What a page has to say with each change, and another one cannot know.
    pub(super) secret: String,
    began: Instant,
    used: Instant,
}

struct Attempts {
    left: f64,
    at: Instant,
}

impl Sessions {
    /// Of the endpoint at that port: cookies are the same for all ports of a host, and there may be
    /// another daemon at the next one.
    pub(super) fn new(port: u16) -> Self {
        Self {
            cookie: format!("steersman-{port}"),
            open: Mutex::default(),
            attempts: Mutex::default(),
        }
    }

    /// Begins one; returns it and the cookie to set. Over TLS the cookie goes over nothing else.
    pub(super) fn begin(&self, caller: Caller, over_tls: bool) -> io::Result<(Session, String)> {
        let (id, secret) = (random()?, random()?);
        let now = clock::monotonic_now();
        let session = Session { caller, secret, began: now, used: now };
        let mut open = self.open();
        open.retain(|_, other| !other.has_ended(now));
        let same = |other: &Session| other.caller.name == session.caller.name;
        if open.values().filter(|other| same(other)).count() >= OF_ONE_TOKEN {
            end_oldest(&mut open, same);
        } else if open.len() >= OF_ALL {
            end_oldest(&mut open, |_| true);
        }
        open.insert(id.clone(), session.clone());
        Ok((session, self.set_cookie(&id, over_tls)))
    }

    /// The session that a Cookie header names.
    pub(super) fn of(&self, cookies: &str) -> Option<Session> {
        let now = clock::monotonic_now();
        let mut open = self.open();
        let id = self.ids(cookies).find(|id| open.contains_key(*id))?;
        let session = open.get_mut(id)?;
        if session.has_ended(now) {
            open.remove(id);
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Ends the session that a Cookie header names; returns the cookies to set.
    pub(super) fn end(&self, cookies: &str) -> [String; 2] {
        let mut open = self.open();
        for id in self.ids(cookies) {
            open.remove(id);
        }
        [false, true].map(|over_tls| format!("{}; Max-Age=0", self.set_cookie("", over_tls)))
    }

    /// Whether a network may try a token; if not, after what time.
    pub(super) fn may_try(&self, from: IpAddr) -> Result<(), Duration> {
        let now = clock::monotonic_now();
        let mut attempts = self.attempts();
        let key = key(&mut attempts, from, now);
        match attempts.get(&key).map(|attempts| attempts.left_at(now)) {
            Some(left) if left < 1.0 => Err(ATTEMPT_EVERY.mul_f64(1.0 - left)),
            _ => Ok(()),
        }
    }

    /// It was a wrong one.
    pub(super) fn tried_in_vain(&self, from: IpAddr) {
        let now = clock::monotonic_now();
        let mut attempts = self.attempts();
        let key = key(&mut attempts, from, now);
        let left = attempts.get(&key).map_or(ATTEMPTS, |attempts| attempts.left_at(now));
        attempts.insert(key, Attempts { left: (left - 1.0).max(0.0), at: now });
    }

    fn set_cookie(&self, id: &str, over_tls: bool) -> String {
        let Self { cookie, .. } = self;
        match over_tls {
            true => format!("__Host-{cookie}={id}; Path=/; HttpOnly; SameSite=Strict; Secure"),
            false => format!("{cookie}={id}; Path=/; HttpOnly; SameSite=Strict"),
        }
    }

    /// What a Cookie header has for us; what only we can have set comes first.
    fn ids<'c>(&self, cookies: &'c str) -> impl Iterator<Item = &'c str> {
        let named = |prefix: &str| {
            let wanted = format!("{prefix}{}", self.cookie);
            cookies.split(';').filter_map(move |cookie| {
                let (name, value) = cookie.trim().split_once('=')?;
                (name == wanted).then_some(value)
            })
        };
        named("__Host-").chain(named(""))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        // Each change is one insertion or removal.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempts(&self) -> MutexGuard<'_, HashMap<IpAddr, Attempts>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn has_ended(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE
            || now.saturating_duration_since(self.began) >= LONGEST
    }

    /// Whether this is its secret.
    pub(super) fn is_secret(&self, given: &[u8]) -> bool {
        self.secret.as_bytes().ct_eq(given).into()
    }
}

impl Attempts {
    fn left_at(&self, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at);
        (self.left + since.as_secs_f64() / ATTEMPT_EVERY.as_secs_f64()).min(ATTEMPTS)
    }
}

fn end_oldest(open: &mut HashMap<String, Session>, which: impl Fn(&Session) -> bool) {
    let oldest = open.iter().filter(|(_, session)| which(session));
    let oldest = oldest.min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone());
    if let Some(id) = oldest {
        open.remove(&id);
    }
}

/// By what is known how many a network tried: itself, or what all share that come after too many of
/// them, so that whoever has so many networks is stopped in the next ones.
fn key(attempts: &mut HashMap<IpAddr, Attempts>, from: IpAddr, now: Instant) -> IpAddr {
    let own = network(from);
    if attempts.contains_key(&own) {
        return own;
    }
    if attempts.len() >= NETWORKS {
        attempts.retain(|_, other| other.left_at(now) < ATTEMPTS);
    }
    if attempts.len() >= NETWORKS { ALL_OTHERS } else { own }
}

/// Whoever has an IPv6 address has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

fn random() -> io::Result<String> {
    Ok(HEXLOWER.encode(&clock::random_bytes::<32>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Role;

    fn caller(name: &str) -> Caller {
        Caller { name: name.into(), role: Role::Viewer, granted: None }
    }

    fn cookie(set: &str) -> &str {
        set.split(';').next().unwrap()
    }

    #[test]
    fn a_cookie_names_a_session_until_it_is_ended() {
        let sessions = Sessions::new(8053);
        let (session, set) = sessions.begin(caller("wall"), false).unwrap();
        let (other, tls) = sessions.begin(caller("ci"), true).unwrap();
        assert!(set.starts_with("steersman-8053="), "{set}");
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
        assert!(tls.starts_with("__Host-steersman-8053="), "{tls}");
        assert!(tls.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{tls}");
        assert!(!set.contains(&session.secret) && session.secret != other.secret);
        let name = |cookies: &str| sessions.of(cookies).map(|session| session.caller.name);
        assert_eq!(name(cookie(&set)).as_deref(), Some("wall"));
        let both = format!("a=b; {}; x; {}", cookie(&set), cookie(&tls));
        assert_eq!(name(&both).as_deref(), Some("ci"), "what only we can have set comes first");
        let elsewhere = cookie(&set).replace("8053", "8054");
        for wrong in ["", "steersman-8053=", "steersman-8053", &elsewhere, &cookie(&set)[1..]] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        assert!(sessions.of(cookie(&set)).unwrap().is_secret(session.secret.as_bytes()));
        assert!(!session.is_secret(b"") && !session.is_secret(other.secret.as_bytes()));
        let gone = sessions.end(cookie(&set));
        assert!(gone[0].starts_with("steersman-8053=;") && gone[0].ends_with("; Max-Age=0"));
        assert_eq!(name(cookie(&set)), None);
        assert_eq!(name(cookie(&tls)).as_deref(), Some("ci"));
    }

    #[test]
    fn sessions_end_by_themselves() {
        let began = clock::monotonic_now();
        let hours = |hours: u64| began + Duration::from_secs(hours * 3600);
        let session = |used| Session { caller: caller("wall"), secret: String::new(), began, used };
        assert!(!session(began).has_ended(hours(11)));
        assert!(session(began).has_ended(hours(12)));
        assert!(!session(hours(160)).has_ended(hours(167)));
        assert!(session(hours(168)).has_ended(hours(168)));
    }

    /// Whoever begins many ends their own.
    #[test]
    fn sessions_are_bounded() {
        let sessions = Sessions::new(1);
        let begin = |name: &str| sessions.begin(caller(name), false).unwrap().1;
        let (first, mine) = (begin("wall"), begin("chief"));
        for _ in 0..OF_ONE_TOKEN {
            begin("wall");
        }
        assert!(sessions.of(cookie(&first)).is_none());
        assert!(sessions.of(cookie(&mine)).is_some());
        assert_eq!(sessions.open().len(), OF_ONE_TOKEN + 1);
        for token in 0..OF_ALL {
            begin(&format!("token {token}"));
        }
        assert_eq!(sessions.open().len(), OF_ALL);
    }

    #[test]
    fn wrong_tokens_are_few() {
        let sessions = Sessions::new(1);
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..10 {
            assert_eq!(sessions.may_try(from("2001:db8::1")), Ok(()));
            sessions.tried_in_vain(from("2001:db8::1"));
        }
        let wait = sessions.may_try(from("2001:db8::2")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= ATTEMPT_EVERY, "{wait:?}");
        assert_eq!(sessions.may_try(from("2001:db8:0:1::1")), Ok(()));
        assert_eq!(sessions.may_try(from("192.0.2.1")), Ok(()));
        let long_ago = Attempts { left: 0.0, at: clock::monotonic_now() };
        assert!(long_ago.left_at(long_ago.at + ATTEMPT_EVERY) >= 1.0);
    }

    /// So many that each of theirs would be the first.
    #[test]
    fn whoever_has_very_many_networks_is_stopped_in_the_next_ones() {
        let sessions = Sessions::new(1);
        let from = |number: usize| IpAddr::from((0x0a00_0000 + number as u32).to_be_bytes());
        for number in 0..NETWORKS {
            sessions.tried_in_vain(from(number));
        }
        let let_in = (NETWORKS..3 * NETWORKS).filter(|number| {
            let may = sessions.may_try(from(*number)).is_ok();
            if may {
                sessions.tried_in_vain(from(*number));
            }
            may
        });
        // One more every six seconds.
        let let_in = let_in.count();
        assert!((10..20).contains(&let_in), "{let_in}");
        assert!(sessions.attempts().len() <= NETWORKS + 1);
        assert_eq!(sessions.may_try(from(0)), Ok(()), "one that was there before has its own");
    }
}
