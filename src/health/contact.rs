//! Whether this machine still hears of anybody: where all fall silent at once, it has lost its
//! network, and knows nothing of how they are.
//!
//! | heard of since the silence was seen | of those heard of shortly before it | silence is |
//! |---|---|---|
//! | another address | | that address's own |
//! | nobody | fewer than [`MANY`] addresses, or all of one failure domain | theirs |
//! | nobody | at least [`MANY`], of several failure domains | this machine's |
//!
//! Whoever answers is heard of, well or not: a connection that is refused came from somewhere. Silence
//! is seen when an answer is overdue: what others answered before that says nothing, for the network
//! may have been lost between their answer and this one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// So many addresses do not fall silent at once by themselves.
const MANY: usize = 5;
/// An address was heard of shortly before if that is no more than so many of its intervals ago.
const INTERVALS: u32 = 2;

/// What fails together: a region, or a pool that names none.
pub type Domain = u32;

/// When an address fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When the first probe began that got no answer.
    pub began: Duration,
    /// When its answer was overdue.
    pub seen: Duration,
}

/// Who was heard of, and when. All moments are since one and the same, whichever that is.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    last: HashMap<IpAddr, Sign>,
    /// The last two addresses that were heard of, the later one first.
    latest: [Option<(IpAddr, Duration)>; 2],
    /// Since when silence is this machine's, as far as is known.
    lost: Option<Duration>,
    /// When it was last no longer so.
    regained: Option<Duration>,
    /// Since when answers are awaited of others, and until when these had time to come.
    awaited: Option<(Duration, Duration)>,
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// That somebody is there, as ever.
    Somebody,
    /// That this machine has its network again.
    Regained,
    /// That it was without for so short a time that nothing has fallen by it.
    AfterAGap,
}

/// A sign of life.
#[derive(Clone, Copy, Debug)]
struct Sign {
    at: Duration,
    interval: Duration,
    domain: Domain,
}

impl Contact {
    /// An address was heard of at some moment, which is asked once in `interval`.
    pub fn heard(&mut self, of: IpAddr, domain: Domain, interval: Duration, at: Duration) -> Heard {
        let sign = Sign { at, interval, domain };
        let last = self.last.entry(of).or_insert(sign);
        if last.at <= at {
            *last = sign;
        }
        if self.latest[0].is_none_or(|(_, latest)| latest <= at) {
            if self.latest[0].is_none_or(|(latest, _)| latest != of) {
                self.latest[1] = self.latest[0];
            }
            self.latest[0] = Some((of, at));
        }
        let awaited = self.awaited.take_if(|(since, _)| *since <= at);
        if self.lost.is_some_and(|lost| lost <= at) {
            (self.lost, self.regained) = (None, Some(at));
            return Heard::Regained;
        }
        let (since, until) = awaited.unwrap_or((at, at));
        if until < at
            && self.lost.is_none()
            && self.may_be_lost(Silence { began: since, seen: since })
        {
            self.regained = Some(at);
            return Heard::AfterAGap;
        }
        Heard::Somebody
    }

    /// From now on answers are awaited, which have until then to come.
    pub fn await_others(&mut self, now: Duration, until: Duration) {
        self.awaited.get_or_insert((now, until));
    }

    /// An address that was well when the process last ran, and of which nothing was heard since:
    /// as good as heard of shortly before now.
    pub fn expect(&mut self, address: IpAddr, domain: Domain, interval: Duration, now: Duration) {
        self.last.entry(address).or_insert(Sign { at: now, interval, domain });
    }

    /// Whether an address was heard of, and has not fallen silent by itself since.
    pub fn is_known(&self, address: IpAddr) -> bool {
        self.last.contains_key(&address)
    }

    /// Whether nobody is heard of any more.
    pub fn is_cut_off(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether this machine had lost its network at some moment since then, and has it again.
    pub fn was_lost_since(&self, moment: Duration) -> bool {
        self.regained.is_some_and(|regained| moment < regained)
    }

    /// Whether another address was heard of since that moment.
    pub fn others_heard_since(&self, address: IpAddr, since: Duration) -> bool {
        self.latest.iter().flatten().any(|(other, at)| *other != address && *at >= since)
    }

    /// Whether a silence is this machine's, if no other address was heard of since it was seen.
    pub fn may_be_lost(&self, silence: Silence) -> bool {
        let before = self.last.values().filter(|heard| heard.was_shortly_before(silence.began));
        let (mut count, mut domains) = (0, [None; 2]);
        for heard in before {
            count += 1;
            if domains[0].is_none_or(|domain| domain == heard.domain) {
                domains[0] = Some(heard.domain);
            } else {
                domains[1] = Some(heard.domain);
            }
        }
        self.lost.is_some() || count >= MANY && domains[1].is_some()
    }

    /// This machine has lost its network, which a silence shows. Returns whether that is news.
    pub fn lose(&mut self, silence: Silence) -> bool {
        self.lost.replace(silence.seen).is_none()
    }

    /// Forgets an address that has fallen silent by itself: it is no sign of what comes later.
    pub fn forget(&mut self, address: IpAddr) {
        self.last.remove(&address);
    }

    /// Forgets the addresses that are asked no more.
    pub fn retain(&mut self, is_asked: impl Fn(&IpAddr) -> bool) {
        self.last.retain(|address, _| is_asked(address));
    }
}

impl Sign {
    fn was_shortly_before(&self, since: Duration) -> bool {
        self.at + INTERVALS * self.interval >= since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// Addresses by number, each in a domain, and when it was heard of last.
    fn contact(heard: &[(u8, Domain, u64)]) -> Contact {
        let mut contact = Contact::default();
        for (last, domain, at) in heard {
            let heard = contact.heard(address(*last), *domain, INTERVAL, seconds(*at));
            assert_eq!(heard, Heard::Somebody);
        }
        contact
    }

    /// Whether a silence is taken for this machine's, and whether that is news.
    fn judged(contact: &mut Contact, of: u8, silence: Silence) -> (bool, bool) {
        match contact.others_heard_since(address(of), silence.seen) || !contact.may_be_lost(silence)
        {
            true => (contact.is_cut_off(), false),
            false => (true, contact.lose(silence)),
        }
    }

    /// Seen after `milliseconds` more.
    fn silence(seconds: u64, milliseconds: u64) -> Silence {
        let began = Duration::from_secs(seconds);
        Silence { began, seen: began + Duration::from_millis(milliseconds) }
    }

    /// The table above; address 1 is silent since 20 s.
    #[test]
    fn silence_of_many_unrelated_addresses_is_ones_own() {
        for (heard, is_lost, what) in [
            (
                &[(1, 0, 19), (2, 0, 19), (3, 0, 19), (4, 1, 19), (5, 1, 19)][..],
                true,
                "all at once",
            ),
            (&[(1, 0, 19), (2, 0, 19), (3, 0, 19), (4, 1, 19), (5, 1, 20)], false, "one answers"),
            (
                &[(1, 0, 20), (2, 0, 10), (3, 0, 10), (4, 1, 10), (5, 1, 10)],
                true,
                "it itself does not count, and 10 s are two intervals",
            ),
            (
                &[(1, 0, 19), (2, 0, 9), (3, 0, 19), (4, 1, 19), (5, 1, 19)],
                false,
                "one is gone for longer",
            ),
            (&[(1, 0, 19), (2, 0, 19), (3, 0, 19), (4, 1, 19)], false, "few"),
            (&[(1, 0, 19), (2, 0, 19), (3, 0, 19), (4, 0, 19), (5, 0, 19)], false, "one region"),
            (&[], false, "nobody was ever heard of"),
        ] {
            let mut contact = contact(heard);
            assert_eq!(judged(&mut contact, 1, silence(20, 0)), (is_lost, is_lost), "{what}");
            assert_eq!(judged(&mut contact, 1, silence(20, 0)).0, is_lost, "{what}");
            assert!(!judged(&mut contact, 2, silence(20, 0)).1, "it is no news: {what}");
        }
    }

    /// The network goes a moment after one answer, and before the next.
    #[test]
    fn what_was_heard_before_an_answer_is_overdue_says_nothing() {
        for (seen, is_lost) in [(0, false), (900, false), (1100, true)] {
            let mut contact =
                contact(&[(1, 0, 19), (2, 0, 19), (3, 0, 19), (4, 1, 19), (5, 1, 19)]);
            contact.heard(address(3), 0, INTERVAL, seconds(21));
            assert_eq!(judged(&mut contact, 1, silence(20, seen)).0, is_lost, "{seen}");
        }
    }

    #[test]
    fn the_first_that_is_heard_of_ends_it() {
        let mut contact = contact(&[(1, 0, 9), (2, 0, 9), (3, 0, 9), (4, 1, 9), (5, 1, 9)]);
        assert_eq!(judged(&mut contact, 1, silence(10, 0)), (true, true));
        // That was under way when the network went, and is looked at only now.
        assert_eq!(contact.heard(address(3), 0, INTERVAL, seconds(9)), Heard::Somebody);
        assert!(contact.is_cut_off());
        assert_eq!(contact.heard(address(4), 1, INTERVAL, seconds(30)), Heard::Regained);
        assert_eq!(contact.heard(address(4), 1, INTERVAL, seconds(31)), Heard::Somebody);
        assert_eq!(judged(&mut contact, 1, silence(10, 0)), (false, false));
        assert!(contact.was_lost_since(seconds(29)) && !contact.was_lost_since(seconds(30)));
        // Whoever alone is heard of may fall silent by itself.
        assert_eq!(judged(&mut contact, 4, silence(32, 0)), (false, false));
    }

    /// Whoever restarts the daemon because nothing works must not lose all verdicts by it.
    #[test]
    fn what_was_well_before_a_restart_counts_until_it_is_heard_of() {
        let mut contact = Contact::default();
        for (last, domain) in [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1)] {
            contact.expect(address(last), domain, INTERVAL, seconds(0));
        }
        assert!(!contact.others_heard_since(address(1), seconds(0)), "nobody was heard of");
        assert_eq!(judged(&mut contact, 1, silence(1, 0)), (true, true));
    }

    /// It is over before anybody has fallen, and what was asked meanwhile says nothing.
    #[test]
    fn a_short_loss_is_seen_by_the_answers_that_did_not_come() {
        for (many, at, wanted) in [
            (true, 1500, Heard::AfterAGap),
            (true, 1300, Heard::Somebody),
            (false, 1500, Heard::Somebody),
        ] {
            let all = [(1, 0, 9), (2, 0, 9), (3, 0, 9), (4, 1, 9), (5, 1, 9)];
            let mut contact = contact(if many { &all } else { &all[..4] });
            let at = seconds(9) + Duration::from_millis(at);
            contact.await_others(seconds(10), seconds(10) + Duration::from_millis(300));
            // Those that wait longer know no more.
            contact.await_others(seconds(10), seconds(20));
            assert_eq!(contact.heard(address(2), 0, INTERVAL, at), wanted, "{many} {at:?}");
            assert_eq!(contact.was_lost_since(seconds(10)), wanted == Heard::AfterAGap);
            assert_eq!(contact.heard(address(3), 0, INTERVAL, seconds(19)), Heard::Somebody);
        }
    }

    #[test]
    fn what_is_asked_no_more_does_not_count() {
        let mut contact = contact(&[(1, 0, 9), (2, 0, 9), (3, 0, 9), (4, 1, 9), (5, 1, 9)]);
        contact.retain(|one| *one != address(5));
        assert_eq!(judged(&mut contact, 1, silence(10, 0)), (false, false));
    }

    #[test]
    fn what_fell_silent_before_does_not_count() {
        let mut contact = contact(&[(1, 0, 9), (2, 0, 9), (3, 0, 9), (4, 1, 9), (5, 1, 9)]);
        contact.forget(address(5));
        assert_eq!(judged(&mut contact, 1, silence(10, 0)), (false, false));
    }
}
