//! What a DNS monitor asks and wants.

/// A question, and what is wanted of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsCheck {
    /// The port, unless the endpoint's `probe` names one. Default 53.
    pub port: u16,
    /// The name in uncompressed wire form.
    pub name: Box<[u8]>,
    /// The same in presentation form.
    pub name_text: String,
    /// The record type. Default A.
    pub rtype: u16,
    /// The same in presentation form.
    pub rtype_text: String,
    /// The response code that is well. Default 0, NOERROR.
    pub rcode: u16,
    /// What must be in the answer, all of it; others may be there too.
    pub answers: Vec<RecordData>,
    /// Whether to ask over TCP at once, and not only where UDP cuts the answer off.
    pub tcp: bool,
}

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordData {
    /// As it was written.
    pub text: String,
    /// In uncompressed wire form.
    pub wire: Box<[u8]>,
}
