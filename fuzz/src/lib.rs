//! What the fuzz targets share: worlds to answer from, and the laws that replies and findings are
//! held to.

pub mod findings;
pub mod folder;
pub mod imported;
pub mod question;
pub mod reply;
pub mod steered;
pub mod world;
