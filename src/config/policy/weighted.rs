//! `weighted`: a table of pools and weights, or a list of policies and weights.

use super::options::Options;
use super::{Reader, check_count, check_once};
use crate::config::document::{Item, Kind, Table};
use crate::config::endpoints::{MAX_WEIGHT, WEIGHT};
use crate::steering::{Branch, Policy, Weighted};

const SHORT_WEIGHTS: &str = "a table, such as { us-east = 80, eu-west = 20 }, \
                             or a list of { to = …, weight = … }";

impl Reader<'_, '_> {
    pub(super) fn weighted(
        &mut self,
        item: &Item<'_>,
        options: Options,
        depth: usize,
    ) -> Option<Policy> {
        let branches = match item.kind() {
            Kind::Table(table) => self.short_weights(&table),
            Kind::List(items) => self.long_weights(&items, depth),
            _ => {
                item.finding(item.shown(), SHORT_WEIGHTS);
                return None;
            }
        };
        check_count(item, branches.len())?;
        let branches: Box<[Branch]> = branches.into_iter().collect::<Option<_>>()?;
        let sticky = options.sticky.then(|| {
            // Another one for each policy of the name.
            self.salt = self.salt.wrapping_add(1);
            self.salt
        });
        let weighted = Weighted::new(branches, sticky);
        if weighted.is_none() {
            item.finding("only weights of 0", "at least one weight above 0");
        }
        weighted.map(|weighted| options.weighted(weighted))
    }

    fn short_weights(&mut self, table: &Table<'_>) -> Vec<Option<Branch>> {
        let branch = |(name, value): (&str, Item<'_>)| {
            let policy = match self.knows(name) {
                true => self.pool(&value, name),
                false => {
                    let (found, expected) = self.unknown_pool(name);
                    value.key_finding(found, expected);
                    None
                }
            };
            let weight = value.integer(0..=MAX_WEIGHT, WEIGHT);
            Some(Branch { weight: weight?, policy: policy? })
        };
        table.entries().map(branch).collect()
    }

    fn long_weights(&mut self, items: &[Item<'_>], depth: usize) -> Vec<Option<Branch>> {
        let tables = items.iter().map(|item| match item.kind() {
            Kind::Table(table) => table.get("to"),
            _ => None,
        });
        check_once(&tables.flatten().collect::<Vec<_>>());
        items.iter().map(|item| self.long_weight(item, depth)).collect()
    }

    fn long_weight(&mut self, item: &Item<'_>, depth: usize) -> Option<Branch> {
        let table = item.table(r#"a table, such as { to = "us-east", weight = 9 }"#)?;
        table.expect_keys(&["to", "weight"]);
        for key in ["to", "weight"] {
            if table.get(key).is_none() {
                item.finding(
                    format!("a branch without {key}"),
                    r#"{ to = "us-east", weight = 9 }"#,
                );
            }
        }
        let policy = table.get("to").and_then(|to| self.policy(&to, depth + 1));
        let weight = table.get("weight").and_then(|item| item.integer(0..=MAX_WEIGHT, WEIGHT));
        Some(Branch { weight: weight?, policy: policy? })
    }
}
