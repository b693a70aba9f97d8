//! What is told of overrides to those who follow along.

use crate::health::{Override, Target};
use crate::history::What;
use crate::state::Author;
use crate::timestamp::to_rfc3339;

/// That something was done to an override; `what` is the one that it is about, if it says more.
pub(super) fn override_is(action: &str, on: &Target, what: Option<&Override>, by: &Author) -> What {
    What::Override {
        action: action.into(),
        target: on.to_string(),
        state: what.map(|what| what.state.to_string()),
        reason: what.map(|what| what.reason.clone()).or_else(|| by.reason.clone()),
        until: what.and_then(|what| what.until).map(to_rfc3339),
        by: by.to_string(),
    }
}
