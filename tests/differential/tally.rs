//! How often who agreed with whom, and what nobody can explain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::choices::{self, Choice};
use crate::peers::{PEERS, Replies, Servers};
use crate::questions::Question;
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

    /// A reply is cut if and only if it does not fit.
    fn check_cut(&mut self, question: &Question, cut: &Replies, whole: &Replies) {
        let (Some(cut), Some(whole)) = (&cut.ours, &whole.ours) else {
            return self.note(question, "silence where others answer");
        };
        let fits = whole.len() <= question.udp_bytes;
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
        let agreed = there.iter().filter(|peer| ***peer == ours).count();
        *self.agreed.entry((agreed, there.len())).or_default() += 1;
        if agreed > 0 {
            return;
        }
        if let Some(choice) = choices::explain(question, &ours, &there, self.zones, servers) {
            *self.chosen.entry(choice).or_default() += 1;
            return;
        }
        let mut text = format!("ours: {ours:?}");
        for (peer, reply) in PEERS.iter().zip(&peers) {
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
        let Self { what, asked, over_tcp, agreed, chosen, mistakes, shown, .. } = self;
        let mut told = format!("{what}: {asked} questions, {over_tcp} over TCP\n");
        for ((agreed, peers), count) in agreed.iter().rev() {
            let _ = writeln!(told, "    the same as {agreed} of {peers}: {count}");
        }
        // Not by a macro, whose output a test that passes would hide.
        let _ = writeln!(io::stderr(), "{told}    on purpose: {chosen:?}");
        assert_eq!(mistakes, 0, "{what}:\n{shown}");
    }
}

fn is_cut(packet: &[u8]) -> bool {
    packet[2] & 0x02 != 0
}
