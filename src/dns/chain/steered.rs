//! What a steered name says.

use super::{Chain, Next};
use crate::dns::Reason;
use crate::dns::answer::Incoming;
use crate::dns::reply::{Full, Section};
use crate::dns::trace::{Link, Trace};
use crate::steering::{Asked, Choice, Kind, Pick, SteeredName, Step, choose};
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
            Pick::Endpoints { leaf, set, count, .. } => {
                self.tell(Link::Endpoints { pool: leaf.pool, count, of: set.count() });
                self.conclude(reason);
                self.conclusion.slot = Some(name.first_slot + u32::from(leaf.slot));
                self.endpoints(&choice).map(Some)
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
        match self.incoming.question.qtype {
            rtype::A => Some(ask(Asked::A)),
            rtype::AAAA => Some(ask(Asked::Aaaa)),
            rtype::ANY => Some(any_family(ask)),
            _ if name.some_hosts => {
                let mut choice = ask(Asked::Alias);
                if matches!(choice.pick, Pick::Endpoints { set, .. } if set.kind() != Kind::Host) {
                    // Where addresses are in force the name is no alias, and has no other data.
                    choice.pick = Pick::NoData;
                }
                Some(choice)
            }
            _ => None,
        }
    }

    fn endpoints(&mut self, choice: &Choice<'_>) -> Result<Next, Full> {
        let Pick::Endpoints { set, first, count, .. } = choice.pick else {
            return Ok(Next::Stop);
        };
        let owner = self.here.start;
        let rtype = match set.kind() {
            Kind::V4 => rtype::A,
            Kind::V6 => rtype::AAAA,
            Kind::Host => rtype::CNAME,
        };
        let mut data_at = 0;
        let mut index = first as usize;
        for _ in 0..count {
            let kind = (rtype, choice.ttl_seconds);
            data_at = self.reply.put_record(Section::Answer, owner, kind, set.rdata(index))?;
            index = if index + 1 < set.count() { index + 1 } else { 0 };
        }
        let stays = rtype != rtype::CNAME
            || matches!(self.incoming.question.qtype, rtype::CNAME | rtype::ANY);
        Ok(if stays { Next::Stop } else { Next::Follow(data_at) })
    }
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
