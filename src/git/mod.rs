//! Revisions of files, by the system's git: those of a repository that somebody works in, of which
//! nothing is changed, and those of a remote that is followed.

mod mirror;
mod revisions;
mod run;
mod tree;

pub use mirror::{Mirror, Source};
pub use revisions::{Export, Repository};
pub use run::Failure;
