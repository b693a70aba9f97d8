//! What a story expects of an answer.

use std::collections::BTreeSet;
use std::fmt;

use hickory_proto::op::ResponseCode;
use steersman::health::Inventory;

use super::ask::Reply;

/// What an answer must be.
pub struct Expectation {
    /// What it must hold.
    pub what: What,
    ttl: Option<Ttl>,
    scope: Option<u8>,
}

/// What an answer must hold.
pub enum What {
    /// Anything.
    Anything,
    /// One of these, each the data of all records of the answer section in any order.
    AnyOf(Vec<BTreeSet<String>>),
    /// NOERROR with an empty answer section and an SOA.
    NoData,
    /// An error.
    Error(ResponseCode),
    /// Of this many draws each pool has its share.
    Shares { shares: Vec<(String, u64)>, draws: u64 },
}

#[derive(Clone, Copy)]
enum Ttl {
    Is(u32),
    AtMost(u32),
}

impl Expectation {
    /// Reads what stands after `expect`.
    pub fn read(words: &[&str]) -> Result<Self, String> {
        let rest = words.iter().position(|word| matches!(*word, "ttl" | "scope"));
        let (what, mut rest) = words.split_at(rest.unwrap_or(words.len()));
        let mut expectation = Self { what: What::read(what)?, ttl: None, scope: None };
        while !rest.is_empty() {
            let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
            rest = match rest {
                ["ttl", "at", "most", seconds, rest @ ..] => {
                    expectation.ttl = Some(Ttl::AtMost(number(seconds)?));
                    rest
                }
                ["ttl", seconds, rest @ ..] => {
                    expectation.ttl = Some(Ttl::Is(number(seconds)?));
                    rest
                }
                ["scope", bits, rest @ ..] => {
                    expectation.scope = Some(number(bits)? as u8);
                    rest
                }
                _ => return Err(format!("cannot understand {rest:?}")),
            };
        }
        Ok(expectation)
    }

    /// Whether a reply is as expected.
    pub fn fits(&self, reply: &Reply) -> bool {
        let what = match &self.what {
            What::Anything | What::Shares { .. } => true,
            What::AnyOf(all) => all.contains(&reply.data()),
            What::NoData => reply.is_nodata(),
            What::Error(code) => reply.rcode == *code && reply.answers.is_empty(),
        };
        let ttl = match (self.ttl, reply.ttl()) {
            (None, _) => true,
            (Some(Ttl::Is(wanted)), ttl) => ttl == Some(wanted),
            (Some(Ttl::AtMost(most)), ttl) => ttl.is_some_and(|ttl| ttl <= most),
        };
        what && ttl && self.scope.is_none_or(|scope| reply.scope == Some(scope))
    }

    /// Holds every possible reply against what is expected: all must fit, and all that is
    /// expected must come.
    pub fn check_all(&self, replies: &[Reply], inventory: &Inventory) -> Result<(), String> {
        if let Some(other) = replies.iter().find(|reply| !self.fits(reply)) {
            return Err(format!("came (of {} draws): {other}", replies.len()));
        }
        match &self.what {
            What::AnyOf(all) => {
                let missing = all.iter().find(|one| replies.iter().all(|r| r.data() != **one));
                missing.map_or(Ok(()), |one| {
                    let one: Vec<_> = one.iter().map(String::as_str).collect();
                    Err(format!("never came in {} draws: {}", replies.len(), one.join(" ")))
                })
            }
            What::Shares { shares, .. } => {
                let counted = count(replies, inventory)?;
                let wanted = shares.iter().filter(|(_, share)| *share > 0).cloned().collect();
                if counted == wanted { Ok(()) } else { Err(format!("came: {counted:?}")) }
            }
            _ => Ok(()),
        }
    }
}

/// How often each pool was answered, in the order of their names.
pub fn count(replies: &[Reply], inventory: &Inventory) -> Result<BTreeSet<(String, u64)>, String> {
    let mut pools = std::collections::BTreeMap::new();
    for reply in replies {
        *pools.entry(pool_of(reply, inventory)?).or_default() += 1;
    }
    Ok(pools.into_iter().collect())
}

/// The pool that has the endpoint that a reply begins with.
fn pool_of(reply: &Reply, inventory: &Inventory) -> Result<String, String> {
    let (_, first, _) = reply.answers.first().ok_or_else(|| format!("came: {reply}"))?;
    let has = |pool: &&steersman::health::Pool| {
        pool.endpoints.iter().any(|endpoint| endpoint.address.text() == *first)
    };
    let pool = inventory.pools.iter().find(has).ok_or_else(|| format!("came: {reply}"))?;
    Ok(pool.name.clone())
}

impl What {
    fn read(words: &[&str]) -> Result<Self, String> {
        Ok(match words {
            [] => Self::Anything,
            ["nodata"] => Self::NoData,
            ["nxdomain"] => Self::Error(ResponseCode::NXDomain),
            ["servfail"] => Self::Error(ResponseCode::ServFail),
            ["refused"] => Self::Error(ResponseCode::Refused),
            ["shares", shares @ .., "over", draws, "draws"] => Self::Shares {
                shares: shares.chunks(2).map(share).collect::<Result<_, _>>()?,
                draws: draws.parse().map_err(|_| format!("{draws:?} is no number"))?,
            },
            records => Self::AnyOf(
                records
                    .split(|word| *word == "or")
                    .map(|all| all.iter().map(|data| (*data).to_owned()).collect())
                    .collect(),
            ),
        })
    }
}

fn share(words: &[&str]) -> Result<(String, u64), String> {
    match words {
        [pool, share] => {
            let share = share.parse().map_err(|_| format!("{share:?} is no number"))?;
            Ok(((*pool).to_owned(), share))
        }
        _ => Err("expected shares POOL NUMBER …".into()),
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rcode)?;
        for (rtype, data, ttl) in &self.answers {
            write!(f, ", {rtype} {data} ttl {ttl}")?;
        }
        if self.answers.is_empty() {
            match self.soa_ttl {
                Some(ttl) => write!(f, ", no records, SOA ttl {ttl}")?,
                None => f.write_str(", no records, no SOA")?,
            }
        }
        self.scope.map_or(Ok(()), |scope| write!(f, ", scope {scope}"))
    }
}
