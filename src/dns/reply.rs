//! Writing a reply.
