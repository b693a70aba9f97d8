//! What `explain` hears of a name's way through the zones; answering proper listens to nothing and
//! pays nothing.

use crate::steering::{self, NoTrace};
use crate::wire::QName;

/// One step of the way of a name; names are in lower-case wire form.
#[derive(Clone, Copy, Debug)]
pub enum Link<'a> {
    /// It is in none of the zones served here.
    NoZone,
    /// It exists in a zone, or a wildcard stands for it.
    Node {
        /// The name right above the wildcard, if the name itself does not exist.
        wildcard_below: Option<&'a [u8]>,
        /// Whether there is any record, and not only names below it.
        is_empty: bool,
    },
    /// It does not exist.
    Missing {
        /// The apex of its zone.
        apex: &'a [u8],
    },
    /// It is at or below a delegation.
    Cut {
        /// The name that is delegated.
        owner: &'a [u8],
    },
    /// It is below a DNAME.
    Dname {
        /// Where the DNAME stands.
        owner: &'a [u8],
    },
    /// The name that a DNAME makes of it is too long.
    TooLong,
    /// The zone file has records for it.
    Fixed {
        /// Their type.
        rtype: u16,
        /// How many.
        count: u16,
    },
    /// It is steered, but what is asked is not what its policy answers.
    NotSteered,
    /// It has no records of the asked type.
    NoData,
    /// No pool that its policy could pick has an endpoint for what is asked.
    NoEndpoint,
    /// Endpoints were chosen.
    Endpoints {
        /// The pool, by its id.
        pool: u32,
        /// How many are answered.
        count: u32,
        /// Of how many.
        of: u32,
    },
    /// It is what the name before is an alias of.
    Follow,
    /// This answer has gone through it already.
    Loop,
    /// This answer has gone through as many names as one may.
    TooManyLinks,
}

/// Hears the links of a chain, and the steps of the choices among them.
pub trait Trace: steering::Trace {
    /// Hears one link. `name` is the name at which the chain is: whole, for cutting its bytes out
    /// would cost those who do not listen a check of bounds.
    fn link(&mut self, name: &QName, link: Link<'_>);
}

impl Trace for NoTrace {
    fn link(&mut self, _: &QName, _: Link<'_>) {}
}
