//! What probes of every kind have in common.

use std::sync::Arc;

use regex::bytes::Regex;
use rustls::pki_types::CertificateDer;

use super::failure::Failure;
use super::shared::Shared;
use super::tls::TlsKit;
use crate::pattern;

/// Tools that the probes of all targets share.
pub(super) struct Tools {
    pub(super) tls: TlsKit,
    patterns: Shared<String, Regex>,
}

impl Tools {
    /// Trusts the public roots and `extra_roots`.
    pub(super) fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        Ok(Self { tls: TlsKit::new(extra_roots)?, patterns: Shared::default() })
    }

    /// A regular expression, compiled.
    pub(super) fn pattern(&self, text: &String) -> Result<Arc<Regex>, Failure> {
        self.patterns.get(text, || {
            let compiled = pattern::compile(text);
            let compiled =
                compiled.map_err(|why| Failure::Unaskable(format!("{text:?}: {why}")))?;
            Ok(Arc::new(compiled))
        })
    }
}
