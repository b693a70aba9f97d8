//! What a steered name says.

use super::{Chain, Next};
use crate::dns::Reason;
use crate::dns::answer::Incoming;
use crate::dns::reply::{Full, Section};
use crate::dns::trace::{Link, Trace};
use crate::steering::{Asked, Choice, Family, Pick, Rdata, Set, SteeredName, Step, choose};
use crate::wire::{Rcode, rtype};
use crate::zone::{Node, Zone};

impl<'a, T: Trace> Chain<'a, '_, '_, T> {
    /// What a steered name says; none where the question is for something that it leaves to the
    /// zone file.
    pub(super) fn steered(
        &mut self,
        zone: &'a Zone,
        node: Node<'a>,
        name: &'a SteeredName,
    ) -> Result<Option<Next>, Full> {
        let Some(choice) = self.choose(name) else {
            self.tell(Link::NotSteered);
            return Ok(None);
        };
        self.conclusion.scope = self.conclusion.scope.max(choice.scope);
        let reason = if choice.all_down { Reason::Degraded } else { Reason::Steered };
        match choice.pick {
            Pick::Endpoints { leaf, set, first, count } => {
                self.tell(Link::Endpoints { pool: leaf.pool, count, of: set.count() });
                self.conclude(reason);
                self.conclusion.slot = Some(name.first_slot + u32::from(leaf.slot));
                self.endpoints(set, (first, count), choice.ttl_seconds).map(Some)
            }
            Pick::NoData if node.has(self.incoming.question.qtype) => {
                self.tell(Link::NotSteered);
                Ok(None)
            }
            Pick::NoData => {
                if !choice.all_down {
                    self.tell(Link::NoEndpoint);
                }
                self.conclude(if choice.all_down { reason } else { Reason::NoData });
                // Where only the files decide, the answer may be kept as the SOA says.
                let depends_on_health = choice.all_down || name.some_hosts;
                let cap = if depends_on_health { choice.ttl_seconds } else { u32::MAX };
                self.negative(zone, cap)?;
                Ok(Some(Next::Stop))
            }
            Pick::ServFail => {
                self.conclude(Reason::ServFail);
                self.conclusion.rcode = Rcode::SERVFAIL;
                self.conclusion.authoritative = false;
                self.reply.clear();
                Ok(Some(Next::Stop))
            }
        }
    }

    fn choose(&mut self, name: &'a SteeredName) -> Option<Choice<'a>> {
        let &Incoming { view, chance, .. } = self.incoming;
        let (pools, client, trace) = (&view.pools, self.incoming.client(), &mut *self.trace);
        trace.step(Step::Name(name));
        let mut ask = |asked| choose(name, pools, asked, client, chance, trace);
        let asked = match self.incoming.question.qtype {
            rtype::A => Asked::A,
            rtype::AAAA => Asked::Aaaa,
            rtype::ANY => return Some(any_family(ask)),
            _ if name.some_hosts => Asked::Alias,
            _ => return None,
        };
        let mut choice = ask(asked);
        if asked == Asked::Alias
            && matches!(choice.pick, Pick::Endpoints { set, .. } if set.family() != Family::Host)
        {
            // Where addresses are in force the name is no alias, and has no other data.
            choice.pick = Pick::NoData;
        }
        Some(choice)
    }

    /// `count` endpoints of a pool, from `first` on and going round.
    fn endpoints(
        &mut self,
        set: &Set,
        (first, count): (u32, u32),
        ttl_seconds: u32,
    ) -> Result<Next, Full> {
        let (first, count) = (first as usize, count as usize);
        match set.rdata() {
            Rdata::V4(all) => self.addresses((rtype::A, ttl_seconds), round(all, first, count))?,
            Rdata::V6(all) => {
                self.addresses((rtype::AAAA, ttl_seconds), round(all, first, count))?
            }
            Rdata::Host(all) => {
                let (kind, owner) = ((rtype::CNAME, ttl_seconds), self.here.start);
                let host = all.get(first).ok_or(Full)?;
                let at = self.reply.put_record(Section::Answer, owner, kind, host)?;
                if !matches!(self.incoming.question.qtype, rtype::CNAME | rtype::ANY) {
                    return Ok(Next::Follow(at));
                }
            }
        }
        Ok(Next::Stop)
    }

    #[inline]
    fn addresses<'s, const BYTES: usize>(
        &mut self,
        kind: (u16, u32),
        all: impl Iterator<Item = &'s [u8; BYTES]>,
    ) -> Result<(), Full> {
        for rdata in all {
            self.reply.put_record(Section::Answer, self.here.start, kind, rdata)?;
        }
        Ok(())
    }
}

/// `count` of all from the `first` on, and going round.
#[inline]
fn round<T>(all: &[T], first: usize, count: usize) -> impl Iterator<Item = &T> {
    let (before, from) = all.split_at_checked(first).unwrap_or_default();
    from.iter().chain(before).take(count)
}

/// One family for a question for any type: the first that has something up, else the first that
/// there is.
fn any_family<'a>(mut ask: impl FnMut(Asked) -> Choice<'a>) -> Choice<'a> {
    let is_up =
        |choice: &Choice<'_>| matches!(choice.pick, Pick::Endpoints { .. }) && !choice.all_down;
    let v4 = ask(Asked::A);
    if is_up(&v4) {
        return v4;
    }
    let v6 = ask(Asked::Aaaa);
    let (scope, ttl_seconds) = (v4.scope.max(v6.scope), v4.ttl_seconds.min(v6.ttl_seconds));
    let v4_is_absent = matches!(v4.pick, Pick::NoData) && !v4.all_down;
    let mut choice = if is_up(&v6) || v4_is_absent { v6 } else { v4 };
    choice.scope = scope;
    choice.ttl_seconds = ttl_seconds;
    choice
}
