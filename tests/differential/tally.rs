//! How often who agreed with whom, and what nobody can explain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::choices::{self, Choice};
use crate::peers::{PEERS, Peer, Replies, Servers};
use crate::questions::Question;
use crate::quirks::{self, Quirk};
use crate::reply::Reply;
use crate::zones::Zones;

/// Mistakes that are shown; the others are counted.
const SHOWN: usize = 12;

/// The count of one run.
pub struct Tally<'a> {
    what: &'a str,
    zones: &'a Zones,
    asked: usize,
    over_tcp: usize,
    /// With how many of the peers we agreed, of how many that answered.
    agreed: BTreeMap<(usize, usize), usize>,
    chosen: BTreeMap<Choice, usize>,
    /// Why the others did not.
    quirks: BTreeMap<(Quirk, Peer), usize>,
    mistakes: usize,
    shown: String,
}

impl<'a> Tally<'a> {
    pub fn new(what: &'a str, zones: &'a Zones) -> Self {
        Self {
            what,
            zones,
            asked: 0,
            over_tcp: 0,
            agreed: BTreeMap::new(),
            chosen: BTreeMap::new(),
            quirks: BTreeMap::new(),
            mistakes: 0,
            shown: String::new(),
        }
    }

    /// Asks all four, over TCP too if a reply over UDP was cut, and compares.
    pub fn ask(&mut self, question: &Question, servers: &mut Servers) {
        self.asked += 1;
        let mut replies = servers.ask(question);
        if replies.all().any(|packet| is_cut(packet)) {
            let whole = servers.ask_tcp(question);
            self.check_cut(question, &replies, &whole);
            replies = whole;
            self.over_tcp += 1;
        }
        self.over_tcp += usize::from(question.tcp);
        self.compare(question, &replies, servers);
    }

    /// A reply is cut if and only if it does not fit, but for the glue that may be left out.
    fn check_cut(&mut self, question: &Question, cut: &Replies, whole: &Replies) {
        let (Some(cut), Some(whole)) = (&cut.ours, &whole.ours) else {
            return self.note(question, "silence where others answer");
        };
        let fits = whole.len() <= question.udp_bytes;
        if !is_cut(cut) && !fits && self.lacks_only_sibling_glue(cut, whole) {
            return;
        }
        if is_cut(cut) == fits || cut.len() > question.udp_bytes {
            let text = format!(
                "{} bytes over UDP, cut: {}; {} bytes over TCP; room for {}",
                cut.len(),
                is_cut(cut),
                whole.len(),
                question.udp_bytes
            );
            self.note(question, &text);
        }
    }

    /// The addresses of a server that is not below the cut (RFC 9471 3.2).
    fn lacks_only_sibling_glue(&self, less: &[u8], whole: &[u8]) -> bool {
        let [Ok(less), Ok(whole)] = [less, whole].map(|reply| Reply::read(reply, self.zones))
        else {
            return false;
        };
        let mut left_out = whole.glue.difference(&less.glue);
        left_out.all(|record| !whole.is_below_cut(record))
            && Reply { glue: whole.glue.clone(), ..less } == whole
    }

    fn compare(&mut self, question: &Question, replies: &Replies, servers: &mut Servers) {
        let ours = match replies.ours.as_ref().map(|packet| Reply::read(packet, self.zones)) {
            Some(Ok(ours)) => ours,
            other => return self.note(question, &format!("no reply of ours: {other:?}")),
        };
        let echo = &question.packet[12..question.end];
        if replies.ours.as_ref().is_none_or(|packet| packet.get(12..question.end) != Some(echo)) {
            return self.note(question, "the question is not echoed byte by byte");
        }
        let peers = replies
            .peers
            .each_ref()
            .map(|packet| packet.as_ref().map(|packet| Reply::read(packet, self.zones).unwrap()));
        let there: Vec<&Reply> = peers.iter().flatten().collect();
        if there.len() < PEERS.len() {
            return self.note_difference(question, &ours, &peers);
        }
        let agreed = there.iter().filter(|peer| ***peer == ours).count();
        *self.agreed.entry((agreed, there.len())).or_default() += 1;
        if agreed > 0 {
            return self.explain_others(question, &ours, &peers);
        }
        let choice = choices::explain(question, &ours, &there, self.zones, servers);
        // Where the three agree, only what is told of a name with many sets may differ.
        let agree = there.windows(2).all(|two| two[0] == two[1]);
        if let Some(choice) = choice.filter(|c| !agree || *c == Choice::OneSetForAny) {
            *self.chosen.entry(choice).or_default() += 1;
            return;
        }
        self.note_difference(question, &ours, &peers);
    }

    /// Counts why those who do not agree do not.
    fn explain_others(&mut self, question: &Question, ours: &Reply, peers: &[Option<Reply>; 3]) {
        let others =
            PEERS.iter().zip(peers).filter_map(|(peer, reply)| Some((*peer, reply.as_ref()?)));
        for (peer, theirs) in others.filter(|(_, theirs)| *theirs != ours) {
            let is_alone = peers.iter().flatten().filter(|peer| *peer == theirs).count() == 1;
            match quirks::explain(peer, is_alone, question, ours, theirs, self.zones) {
                Some(quirk) => *self.quirks.entry((quirk, peer)).or_default() += 1,
                None => return self.note_difference(question, ours, peers),
            }
        }
    }

    fn note_difference(&mut self, question: &Question, ours: &Reply, peers: &[Option<Reply>; 3]) {
        let mut text = format!("ours: {ours:?}");
        for (peer, reply) in PEERS.iter().zip(peers) {
            let _ = write!(text, "\n    {peer:?}: {reply:?}");
        }
        self.note(question, &text);
    }

    fn note(&mut self, question: &Question, text: &str) {
        self.mistakes += 1;
        if self.mistakes <= SHOWN {
            let Question { name, rtype, edns, tcp, .. } = question;
            let _ = writeln!(self.shown, "{name} {rtype} edns {edns} tcp {tcp}\n    {text}");
        }
    }

    /// Prints the count, and fails if anything is unexplained.
    #[track_caller]
    pub fn finish(self) {
        let Self { what, asked, over_tcp, agreed, chosen, quirks, mistakes, shown, .. } = self;
        let mut told = format!("{what}: {asked} questions, {over_tcp} over TCP\n");
        for ((agreed, peers), count) in agreed.iter().rev() {
            let _ = writeln!(told, "    the same as {agreed} of {peers}: {count}");
        }
        // Not by a macro, whose output a test that passes would hide.
        let _ = writeln!(io::stderr(), "{told}    on purpose: {chosen:?}\n    theirs: {quirks:?}");
        assert_eq!(mistakes, 0, "{what}:\n{shown}");
    }
}

fn is_cut(packet: &[u8]) -> bool {
    packet[2] & 0x02 != 0
}
