//! Writes small MMDB files, so that tests need not carry any.
//!
//! The format: <https://maxmind.github.io/MaxMind-DB/>.

use std::net::IpAddr;

/// What a record can hold.
#[derive(Clone)]
pub enum Value {
    Text(String),
    Double(f64),
    U16(u16),
    U32(u32),
    U64(u64),
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// A map of records' fields.
pub fn map<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::Map(fields.into())
}

impl Value {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                header(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Self::Double(number) => {
                header(out, 3, 8);
                out.extend(number.to_be_bytes());
            }
            Self::U16(number) => {
                header(out, 5, 2);
                out.extend(number.to_be_bytes());
            }
            Self::U32(number) => {
                header(out, 6, 4);
                out.extend(number.to_be_bytes());
            }
            Self::Map(fields) => {
                header(out, 7, fields.len());
                for (key, value) in fields {
                    Self::from(*key).encode(out);
                    value.encode(out);
                }
            }
            Self::U64(number) => {
                header(out, 9, 8);
                out.extend(number.to_be_bytes());
            }
            Self::List(values) => {
                header(out, 11, values.len());
                for value in values {
                    value.encode(out);
                }
            }
        }
    }
}

/// The type in the upper three bits, or in a byte of its own; the size in the lower five.
fn header(out: &mut Vec<u8>, kind: u8, size: usize) {
    let short = if size < 29 { size as u8 } else { 29 };
    match kind {
        0..=7 => out.push(kind << 5 | short),
        _ => out.extend([short, kind - 7]),
    }
    if short == 29 {
        out.push(u8::try_from(size - 29).expect("tests have short strings"));
    }
}

/// Where one branch of the search tree leads.
#[derive(Clone, Copy)]
enum Branch {
    Nowhere,
    Node(usize),
    Record(usize),
}

/// A database in the making.
pub struct Mmdb {
    bits: u8,
    record_size: u16,
    nodes: Vec<[Branch; 2]>,
    records: Vec<u8>,
}

impl Mmdb {
    /// With a tree of IPv4 or IPv6 addresses (4 or 6), and records of 24, 28 or 32 bits.
    pub fn new(ip_version: u8, record_size: u16) -> Self {
        let bits = if ip_version == 4 { 32 } else { 128 };
        Self { bits, record_size, nodes: vec![[Branch::Nowhere; 2]], records: Vec::new() }
    }

    /// Gives a network a record; a later one may lie in an earlier one.
    pub fn network(mut self, network: &str, record: Value) -> Self {
        let offset = self.records.len();
        record.encode(&mut self.records);
        self.set(network, Branch::Record(offset));
        self
    }

    /// Lets a network of 32 bits fewer than all of IPv6 mean all of IPv4.
    pub fn alias(mut self, network: &str) -> Self {
        let mut root = 0;
        for _ in 0..96 {
            root = self.child(root, 0);
        }
        self.set(network, Branch::Node(root));
        self
    }

    fn set(&mut self, network: &str, branch: Branch) {
        let (address, length) = network.split_once('/').expect("a network");
        let length: u8 = length.parse().expect("a length");
        let (address, length) = match address.parse().expect("an address") {
            IpAddr::V4(ip) if self.bits == 32 => (u128::from(ip.to_bits()) << 96, length),
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 96 + length),
            IpAddr::V6(ip) => (ip.to_bits(), length),
        };
        let bit = |depth: u8| (address >> (127 - depth) & 1) as usize;
        let node = (0..length - 1).fold(0, |node, depth| self.child(node, bit(depth)));
        self.nodes[node][bit(length - 1)] = branch;
    }

    fn child(&mut self, node: usize, bit: usize) -> usize {
        let branch = self.nodes[node][bit];
        if let Branch::Node(child) = branch {
            return child;
        }
        self.nodes.push([branch; 2]);
        self.nodes[node][bit] = Branch::Node(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for node in &self.nodes {
            let [left, right] = node.map(|branch| match branch {
                Branch::Nowhere => self.nodes.len() as u32,
                Branch::Node(child) => child as u32,
                Branch::Record(offset) => (self.nodes.len() + 16 + offset) as u32,
            });
            let (l, r) = (left.to_be_bytes(), right.to_be_bytes());
            match self.record_size {
                24 => out.extend([&l[1..], &r[1..]].concat()),
                28 => out.extend([&l[1..], &[l[0] << 4 | r[0]], &r[1..]].concat()),
                _ => out.extend([l, r].concat()),
            }
        }
        out.extend([0; 16]);
        out.extend(&self.records);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = map([
            ("binary_format_major_version", Value::U16(2)),
            ("binary_format_minor_version", Value::U16(0)),
            ("build_epoch", Value::U64(1_750_000_000)),
            // gdnsd takes places below countries from such a one only.
            ("database_type", "Test-City".into()),
            ("description", map([("en", "For tests".into())])),
            ("ip_version", Value::U16(if self.bits == 32 { 4 } else { 6 })),
            ("languages", Value::List(vec!["en".into()])),
            ("node_count", Value::U32(self.nodes.len() as u32)),
            ("record_size", Value::U16(self.record_size)),
        ]);
        metadata.encode(&mut out);
        out
    }
}
