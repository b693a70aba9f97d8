//! What nobody wants to be told of for a time.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pattern::Pattern;
use crate::timestamp::{from_rfc3339, to_rfc3339, to_rfc3339_seconds};

/// One silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Why, in a person's words.
    pub reason: String,
    /// Who wanted it.
    pub by: String,
    /// When it began.
    pub since: SystemTime,
    /// When it ends by itself.
    pub until: SystemTime,
}

/// The same as the audit log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilenceText {
    /// What is silenced.
    pub target: String,
    /// Why.
    pub reason: String,
    /// Who wanted it.
    pub by: String,
    /// When it began.
    pub since: String,
    /// When it ends by itself.
    pub until: String,
}

/// All silences in force, by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silences(BTreeMap<Pattern, Silence>);

impl Silences {
    /// Adds one, in place of one about the same.
    pub fn set(&mut self, about: Pattern, silence: Silence) -> Option<Silence> {
        self.0.insert(about, silence)
    }

    /// Takes one away.
    pub fn remove(&mut self, about: &Pattern) -> Option<Silence> {
        self.0.remove(about)
    }

    /// The one about this.
    pub fn get(&self, about: &Pattern) -> Option<&Silence> {
        self.0.get(about)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Pattern, &Silence)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether something is silenced that is known by these words.
    pub fn covers(&self, scopes: &[String]) -> bool {
        self.0.keys().any(|about| about.fits(scopes))
    }

    /// When the next one ends.
    pub fn next_end(&self) -> Option<SystemTime> {
        self.0.values().map(|silence| silence.until).min()
    }

    /// Takes away what has ended, and returns it.
    pub fn expire(&mut self, now: SystemTime) -> Vec<(Pattern, Silence)> {
        self.0.extract_if(.., |_, silence| silence.until <= now).collect()
    }
}

impl SilenceText {
    /// Of a silence.
    pub fn new(about: &Pattern, silence: &Silence) -> Self {
        Self {
            target: about.to_string(),
            reason: silence.reason.clone(),
            by: silence.by.clone(),
            since: to_rfc3339(silence.since),
            until: to_rfc3339(silence.until),
        }
    }

    /// The same to the second, for people.
    pub fn to_the_second(about: &Pattern, silence: &Silence) -> Self {
        let (since, until) = (silence.since, silence.until);
        let (since, until) = (to_rfc3339_seconds(since), to_rfc3339_seconds(until));
        Self { since, until, ..Self::new(about, silence) }
    }

    /// Reads it back.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn read(&self) -> Result<(Pattern, Silence), String> {
        let Self { target, reason, by, since, until } = self.clone();
        let (since, until) = (from_rfc3339(&since)?, from_rfc3339(&until)?);
        Ok((target.parse()?, Silence { reason, by, since, until }))
    }
}
