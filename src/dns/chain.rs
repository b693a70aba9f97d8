//! Following a name through zones, aliases and policies (RFC 1034 4.3.2, RFC 6672 3.2).

mod steered;

use std::net::IpAddr;

use super::answer::Reason;
use super::query::HEADER_BYTES;
use super::reply::{Full, NameAt, Reply, Section};
use super::trace::{Link, Trace};
use crate::steering::Chance;
use crate::view::View;
use crate::wire::{QName, Rcode, RrSet, rtype};
use crate::zone::{Found, Node, Zone};

/// How many names one answer may go through.
const MAX_LINKS: usize = 16;
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
    /// Zone, steered name and slot of the last steered choice.
    pub steered: Option<(u32, u32, u16)>,
    /// The client scope.
    pub scope: u8,
}

impl Conclusion {
    /// Of a reply without data.
    pub fn new(rcode: Rcode, reason: Reason) -> Self {
        Self { rcode, authoritative: false, reason, steered: None, scope: 0 }
    }
}

/// One question on its way through the zones.
pub struct Chain<'a, 'o, T> {
    pub view: &'a View,
    pub qtype: u16,
    /// The client that policies steer.
    pub client: IpAddr,
    pub chance: Chance<'a>,
    /// The name looked up now.
    pub name: &'a mut QName,
    pub reply: Reply<'o>,
    pub conclusion: Conclusion,
    trace: &'a mut T,
    links: [NameAt; MAX_LINKS],
    linked: usize,
}

/// Whether the chain goes on.
enum Next {
    Stop,
    /// With the name whose uncompressed wire form stands there in the reply.
    Follow(usize),
}

impl<'a, 'o, T: Trace> Chain<'a, 'o, T> {
    /// Begins with the question, whose name has been set and has `name_length` bytes.
    pub fn new(
        view: &'a View,
        (qtype, name_length): (u16, usize),
        (client, chance): (IpAddr, Chance<'a>),
        name: &'a mut QName,
        reply: Reply<'o>,
        trace: &'a mut T,
    ) -> Self {
        let question = NameAt { start: HEADER_BYTES, end: HEADER_BYTES + name_length };
        let conclusion = Conclusion::new(Rcode::NOERROR, Reason::Refused);
        let links = [question; MAX_LINKS];
        Self { view, qtype, client, chance, name, reply, conclusion, trace, links, linked: 1 }
    }

    /// Writes the answer, link by link.
    pub fn resolve(&mut self) -> Result<(), Full> {
        loop {
            let Some(zone) = self.view.world.zones.find(self.name, self.qtype) else {
                self.tell(Link::NoZone);
                if self.linked == 1 {
                    self.conclusion.rcode = Rcode::REFUSED;
                }
                return Ok(());
            };
            match self.link(zone)? {
                Next::Stop => return Ok(()),
                Next::Follow(at) if !self.follow(at) => return Ok(()),
                Next::Follow(_) => {}
            }
        }
    }

    /// Goes on with the name at `at` in the reply, unless the chain has been there or is too long.
    fn follow(&mut self, at: usize) -> bool {
        let written = self.reply.written();
        let Some(length) = written.get(at..).and_then(|target| self.name.set(target)) else {
            return false;
        };
        self.trace.link(self.name, Link::Follow);
        let target = NameAt { start: at, end: at + length };
        let bytes = &written[target.start..target.end];
        let been_there = self.links[..self.linked]
            .iter()
            .any(|link| written[link.start..link.end].eq_ignore_ascii_case(bytes));
        if been_there {
            self.tell(Link::Loop);
            return false;
        }
        if self.linked == MAX_LINKS {
            self.tell(Link::TooManyLinks);
            return false;
        }
        self.links[self.linked] = target;
        self.linked += 1;
        true
    }

    /// Tells a step of the name looked up now.
    fn tell(&mut self, link: Link<'_>) {
        self.trace.link(self.name, link);
    }

    fn here(&self) -> NameAt {
        self.links[self.linked - 1]
    }

    /// Looks the name up in its zone and writes what is there.
    fn link(&mut self, zone_index: usize) -> Result<Next, Full> {
        let view = self.view;
        let zone: &'a Zone = &view.world.zones.all()[zone_index];
        let found = zone.find(self.name, self.qtype);
        if self.linked == 1 {
            self.conclusion.authoritative = !matches!(found, Found::Cut(..));
        }
        match found {
            Found::Node(node) => {
                self.tell(Link::Node { owner: node.owner(), is_empty: node.is_empty() });
                self.node(zone_index, zone, node)
            }
            Found::Cut(referral, owner) => {
                self.tell(Link::Cut { owner });
                self.conclude(Reason::Referral);
                let here = self.here();
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

    fn node(&mut self, zone_index: usize, zone: &'a Zone, node: &'a Node) -> Result<Next, Full> {
        if let Some(index) = node.steered()
            && let Some(name) = self.view.world.steered.get(zone_index).and_then(|n| n.get(index))
        {
            // Both indices come from tables that are far smaller.
            let place = (zone_index as u32, index as u32);
            if let Some(next) = self.steered(zone, node, name, place)? {
                return Ok(next);
            }
        }
        let here = self.here();
        if self.qtype == rtype::ANY {
            // One record set is enough of an answer (RFC 8482 4.1).
            return match node.sets().first() {
                Some(set) => self.fixed(set, here),
                None => self.no_data(zone),
            };
        }
        if let Some(set) = node.set(self.qtype) {
            return self.fixed(set, here);
        }
        match node.set(rtype::CNAME) {
            Some(cname) => {
                let at = self.reply.length() + RDATA_AT;
                self.fixed(cname, here)?;
                Ok(Next::Follow(at))
            }
            None => self.no_data(zone),
        }
    }

    fn fixed(&mut self, set: &RrSet, here: NameAt) -> Result<Next, Full> {
        self.tell(Link::Fixed { rtype: set.rtype, count: set.count });
        self.conclude(Reason::Static);
        self.reply.put(Section::Answer, set, here)?;
        Ok(Next::Stop)
    }

    /// DNAME and the CNAME that it makes for the name, of which `depth` labels are replaced.
    fn dname(&mut self, dname: &RrSet, depth: usize) -> Result<Next, Full> {
        self.trace.link(self.name, Link::Dname { owner: self.name.suffix(depth) });
        self.conclude(Reason::Static);
        let here = self.here();
        let dname_at = self.reply.length();
        self.reply.put(Section::Answer, dname, here)?;
        let replaced = self.name.suffix(depth).len();
        let mut target = [0u8; 255];
        let kept_length = here.end - here.start - replaced;
        let Some(data) = dname.wire.get(RDATA_AT..) else { return Ok(Next::Stop) };
        let length = kept_length + data.len();
        if length > target.len() {
            self.tell(Link::TooLong);
            self.conclusion.rcode = Rcode::YXDOMAIN;
            return Ok(Next::Stop);
        }
        let kept = &self.reply.written()[here.start..here.start + kept_length];
        target[..kept_length].copy_from_slice(kept);
        target[kept_length..length].copy_from_slice(data);
        let ttl_at = dname_at + 6;
        let ttl =
            self.reply.written()[ttl_at..].first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
        let kind = (rtype::CNAME, ttl);
        let at = self.reply.put_record(Section::Answer, here.start, kind, &target[..length])?;
        let stays = matches!(self.qtype, rtype::CNAME | rtype::ANY);
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
        let here = self.here();
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
