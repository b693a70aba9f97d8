//! Following a name through zones, aliases and policies (RFC 1034 4.3.2, RFC 6672 3.2).

mod steered;

use std::iter;

use super::answer::{Incoming, Reason, Scratch};
use super::reply::{Full, NameAt, Reply, Section};
use super::trace::{Link, Trace};
use crate::wire::{HEADER_BYTES, QName, Rcode, RrSet, rtype};
use crate::zone::{Found, Node, Zone};

/// How many names one answer may go through.
pub const MAX_LINKS: usize = 16;
/// Where the data stands in a record whose owner is a pointer.
const RDATA_AT: usize = 12;

/// What is known of the reply so far.
pub struct Conclusion {
    /// The response code.
    pub rcode: Rcode,
    /// Whether the answer is authoritative.
    pub authoritative: bool,
    /// Why it is what it is.
    pub reason: Reason,
    /// Which slot the last steered choice fell to.
    pub slot: Option<u32>,
    /// The client scope.
    pub scope: u8,
}

impl Conclusion {
    /// Of a reply without data.
    pub fn new(rcode: Rcode, reason: Reason) -> Self {
        Self { rcode, authoritative: false, reason, slot: None, scope: 0 }
    }
}

/// One question on its way through the zones.
pub struct Chain<'a, 'c, 'o, T> {
    incoming: &'a Incoming<'a>,
    /// The name looked up now.
    name: &'c mut QName,
    /// Where those before it stand in the reply, as many as have been followed.
    before: &'c mut [NameAt; MAX_LINKS - 1],
    reply: &'c mut Reply<'o>,
    conclusion: &'c mut Conclusion,
    trace: &'c mut T,
    /// Where the name looked up now stands in the reply.
    here: NameAt,
    followed: usize,
}

/// Whether the chain goes on.
enum Next {
    Stop,
    /// With the name whose uncompressed wire form stands there in the reply.
    Follow(usize),
}

impl<'a, 'c, 'o, T: Trace> Chain<'a, 'c, 'o, T> {
    /// Begins with the question, whose name has been set.
    pub fn new(
        incoming: &'a Incoming<'a>,
        scratch: &'c mut Scratch,
        reply: &'c mut Reply<'o>,
        conclusion: &'c mut Conclusion,
        trace: &'c mut T,
    ) -> Self {
        const START: u16 = HEADER_BYTES as u16;
        let Scratch { name, before } = scratch;
        let here = NameAt { start: START, end: START + u16::from(name.length()) };
        Self { incoming, name, before, reply, conclusion, trace, here, followed: 0 }
    }

    /// Writes the answer, link by link.
    pub fn resolve(&mut self) -> Result<(), Full> {
        loop {
            let Some((index, zone)) =
                self.incoming.view.world.zones.find(self.name, self.incoming.question.qtype)
            else {
                self.tell(Link::NoZone);
                if self.followed == 0 {
                    self.conclusion.rcode = Rcode::REFUSED;
                }
                return Ok(());
            };
            match self.link(index, zone)? {
                Next::Stop => return Ok(()),
                Next::Follow(at) if !self.follow(at) => return Ok(()),
                Next::Follow(_) => {}
            }
        }
    }

    /// Goes on with the name at `at` in the reply, unless the chain has been there or is too long.
    fn follow(&mut self, at: usize) -> bool {
        let written = self.reply.written();
        let Some(end) = written
            .get(at..)
            .and_then(|target| self.name.set(target))
            .and_then(|length| u16::try_from(at + length).ok())
        else {
            return false;
        };
        self.trace.link(self.name, Link::Follow);
        // Not after its end, which fits.
        let target = NameAt { start: at as u16, end };
        let bytes = |at: NameAt| written.get(at.start.into()..at.end.into()).unwrap_or_default();
        let been_there = iter::once(&self.here)
            .chain(&self.before[..self.followed])
            .any(|link| bytes(*link).eq_ignore_ascii_case(bytes(target)));
        if been_there {
            self.tell(Link::Loop);
            return false;
        }
        let Some(place) = self.before.get_mut(self.followed) else {
            self.tell(Link::TooManyLinks);
            return false;
        };
        *place = std::mem::replace(&mut self.here, target);
        self.followed += 1;
        true
    }

    /// Tells a step of the name looked up now.
    fn tell(&mut self, link: Link<'_>) {
        self.trace.link(self.name, link);
    }

    /// Looks the name up in its zone and writes what is there.
    fn link(&mut self, zone_index: usize, zone: &'a Zone) -> Result<Next, Full> {
        if self.followed == 0 {
            self.conclusion.authoritative = true;
        }
        match zone.find(self.name, self.incoming.question.qtype) {
            Found::Node(node, depth) => {
                let wildcard_below = (depth > 0).then(|| self.name.suffix(depth));
                let link = Link::Node { wildcard_below, is_empty: node.is_empty() };
                self.trace.link(self.name, link);
                self.node(zone_index, zone, node)
            }
            Found::Cut(referral, depth) => {
                self.trace.link(self.name, Link::Cut { owner: self.name.suffix(depth) });
                self.conclude(Reason::Referral);
                self.conclusion.authoritative &= self.followed > 0;
                let here = self.here;
                self.reply.put(Section::Authority, referral.name_servers(), here)?;
                for glue in referral.glue() {
                    self.reply.put(Section::Additional, glue, here)?;
                }
                for extra in referral.extra() {
                    // Helps, but may be left out without a word (RFC 9471 3).
                    let _ = self.reply.put(Section::Additional, extra, here);
                }
                Ok(Next::Stop)
            }
            Found::Dname(dname, depth) => self.dname(dname, depth),
            Found::Missing => {
                self.tell(Link::Missing { apex: zone.apex.as_wire() });
                self.conclusion.rcode = Rcode::NXDOMAIN;
                self.conclude(Reason::NxDomain);
                self.negative(zone, u32::MAX)?;
                Ok(Next::Stop)
            }
        }
    }

    fn node(&mut self, zone_index: usize, zone: &'a Zone, node: Node<'a>) -> Result<Next, Full> {
        if let Some(index) = node.steered()
            && let Some(name) =
                self.incoming.view.world.steered.get(zone_index).and_then(|n| n.get(index))
            && let Some(next) = self.steered(zone, node, name)?
        {
            return Ok(next);
        }
        let asked = self.incoming.question.qtype;
        let Some(set) = node.answer(asked) else { return self.no_data(zone) };
        self.tell(Link::Fixed { rtype: set.rtype(), count: set.count() });
        self.conclude(Reason::Static);
        let data_at = self.reply.length() + RDATA_AT;
        self.reply.put(Section::Answer, set, self.here)?;
        let stays = set.rtype() != rtype::CNAME || matches!(asked, rtype::CNAME | rtype::ANY);
        Ok(if stays { Next::Stop } else { Next::Follow(data_at) })
    }

    /// DNAME and the CNAME that it makes for the name, of which `depth` labels are replaced.
    fn dname(&mut self, dname: RrSet<'_>, depth: usize) -> Result<Next, Full> {
        self.trace.link(self.name, Link::Dname { owner: self.name.suffix(depth) });
        self.conclude(Reason::Static);
        let here = self.here;
        let dname_at = self.reply.length();
        let mut target = [0u8; 255];
        let kept_length =
            usize::from(here.end - here.start).saturating_sub(self.name.suffix(depth).len());
        // Its owner is what stands behind the labels that are kept, even an asterisk.
        let owner = NameAt { start: here.start + kept_length as u16, end: here.end };
        self.reply.put(Section::Answer, dname, owner)?;
        let data = dname.wire().and_then(|wire| wire.get(RDATA_AT..)).ok_or(Full)?;
        let length = kept_length + data.len();
        if length > target.len() {
            self.tell(Link::TooLong);
            self.conclusion.rcode = Rcode::YXDOMAIN;
            return Ok(Next::Stop);
        }
        let kept = &self.reply.written()[usize::from(here.start)..][..kept_length];
        target[..kept_length].copy_from_slice(kept);
        target[kept_length..length].copy_from_slice(data);
        let ttl_at = dname_at + 6;
        let ttl =
            self.reply.written()[ttl_at..].first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
        let kind = (rtype::CNAME, ttl);
        let at = self.reply.put_record(Section::Answer, here.start, kind, &target[..length])?;
        let stays = matches!(self.incoming.question.qtype, rtype::CNAME | rtype::ANY);
        Ok(if stays { Next::Stop } else { Next::Follow(at) })
    }

    fn no_data(&mut self, zone: &Zone) -> Result<Next, Full> {
        self.tell(Link::NoData);
        self.conclude(Reason::NoData);
        self.negative(zone, u32::MAX)?;
        Ok(Next::Stop)
    }

    /// The SOA that lets resolvers keep a negative answer (RFC 2308 3), but not for longer than
    /// what it depends on.
    fn negative(&mut self, zone: &Zone, ttl_cap_seconds: u32) -> Result<(), Full> {
        let at = self.reply.length();
        let here = self.here;
        self.reply.put(Section::Authority, zone.negative(), here)?;
        self.reply.cap_ttl(at, ttl_cap_seconds);
        Ok(())
    }

    /// Notes why the answer is what it is: a steered choice anywhere in the chain says more than
    /// what its last link came to.
    fn conclude(&mut self, reason: Reason) {
        if !matches!(self.conclusion.reason, Reason::Steered | Reason::Degraded)
            || matches!(reason, Reason::Degraded | Reason::ServFail)
        {
            self.conclusion.reason = reason;
        }
    }
}
