//! Configurations of other programs to ours: octoDNS's zone files and gdnsd's configuration.
//!
//! Texts come in, texts and notes go out: what files there are, and where, is said by the caller.
//! Whatever cannot be carried over exactly has a [`Note`] with its place, the reason and what was
//! put instead. What comes out can be loaded: the zones are built here to see that, and pools and
//! policies are only made of what the readers of our files take.

mod fields;
mod finish;
mod gdnsd;
mod join;
mod names;
mod note;
mod octodns;
mod plan;
mod source;
mod write;

pub use gdnsd::{Gdnsd, GdnsdZone, gdnsd};
pub use note::Note;
pub use octodns::{OctoDns, OctoDnsFile, octodns};

/// What an import comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The files to write: their names and texts. None where nothing was found to import.
    pub files: Vec<(String, String)>,
    /// What could not be carried over, in the order of files, lines and columns.
    pub notes: Vec<Note>,
}

/// Gives the display names and bytes of the files that an included path means, from the path as
/// written and the display name of the file that includes it, or says why it cannot. gdnsd's may
/// be patterns; of the others there is one.
pub type Include<'a> = dyn FnMut(&str, &str) -> Result<Vec<(String, Vec<u8>)>, String> + 'a;

#[cfg(test)]
mod tests;
