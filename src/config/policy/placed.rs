//! `geo` and `nearest`: policies that depend on where the client is.

use std::collections::HashMap;

use super::{PoolsFile, Reader, check_count, check_once};
use crate::config::document::Item;
use crate::finding::words::quoted;
use crate::geo_key;
use crate::health::{Location, PoolId};
use crate::place::GeoKey;
use crate::steering::{Placed, PlacedBy, Policy};

/// More would say nothing new.
const MOST_WARNINGS: usize = 200;

impl Reader<'_, '_> {
    pub(super) fn geo(&mut self, item: &Item<'_>, depth: usize) -> Option<Policy> {
        let table = item.table("a table from places to policies")?;
        if table.get("default").is_none() {
            item.key_finding("geo without default", r#"default = "us-east", for everyone else"#);
        }
        check_count(item, table.entries().count())?;
        let mut seen: HashMap<GeoKey, &str> = HashMap::new();
        let mut branches = Vec::new();
        for (text, value) in table.entries() {
            let key = geo_key::parse(text).map_err(|(found, expected)| {
                value.key_finding(found, expected);
            });
            if let Ok(key) = &key
                && let Some(first) = seen.insert(key.clone(), text)
            {
                let found = format!("{}, the same place as {}", quoted(text), quoted(first));
                value.key_finding(found, "each place once");
            }
            let policy = self.policy(&value, depth + 1);
            branches.push(key.ok().zip(policy).map(|(key, policy)| (key, (text, value), policy)));
        }
        let mut branches: Vec<_> = branches.into_iter().collect::<Option<_>>()?;
        // In one order whatever that of the file, so that equal sets of keys share one map.
        branches.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let keys = branches.iter().map(|(key, ..)| key.clone()).collect();
        let map = self.shared.maps.geo(self.shared.places, keys);
        for index in map.unreached(branches.len() as u16) {
            let (key, (text, value), _) = &branches[usize::from(index)];
            self.warn_unmatched(key, text, value);
        }
        let texts = branches.iter().map(|(_, (text, _), _)| (*text).to_string()).collect();
        let branches = branches.into_iter().map(|(.., policy)| policy).collect();
        Some(Policy::Placed(Placed { map, branches, by: PlacedBy::Geo(texts).into() }))
    }

    /// Notes that a key is one that no client can match.
    fn warn_unmatched(&mut self, key: &GeoKey, text: &str, value: &Item<'_>) {
        if self.shared.warnings.len() >= MOST_WARNINGS {
            return;
        }
        let what = match key {
            GeoKey::Asn(_) => "AS numbers",
            GeoKey::Subdivision(..) => "subdivisions",
            GeoKey::Country(_) => "countries",
            GeoKey::Continent(_) => "continents",
            // These need no database.
            GeoKey::Network { .. } | GeoKey::Default => return,
        };
        let text = quoted(text);
        let (found, expected) = match self.shared.places.tell_apart(key) {
            true => ("this one", "a place that they know, in their spelling"),
            false => (what, "a database with them in geoip of steersman.toml"),
        };
        let found = format!("{text}, which no client matches: no loaded database has {found}");
        self.shared.warnings.push(value.key_warning(found, expected));
    }

    pub(super) fn nearest(
        &mut self,
        list: &Item<'_>,
        items: &[Item<'_>],
        depth: usize,
    ) -> Option<Policy> {
        check_count(list, items.len())?;
        check_once(items);
        let mut branches = Vec::new();
        for item in items {
            let first = self.mentions.len();
            let policy = self.policy(item, depth + 1);
            let location = self.mentions.get(first).and_then(|pool| self.location(item, *pool));
            branches.push(location.zip(policy));
        }
        let branches: Vec<(Location, Policy)> = branches.into_iter().collect::<Option<_>>()?;
        let (locations, branches): (Vec<Location>, Vec<Policy>) = branches.into_iter().unzip();
        let map = self.shared.maps.nearest(self.shared.places, &locations);
        let by = PlacedBy::Nearest(locations.into()).into();
        Some(Policy::Placed(Placed { map, branches: branches.into(), by }))
    }

    /// Where a pool is, or a note of what is missing.
    fn location(&self, item: &Item<'_>, pool: PoolId) -> Option<Location> {
        let pool = self.shared.inventory.pools.get(pool as usize)?;
        let region = pool.region.and_then(|id| self.shared.inventory.regions.get(id as usize));
        let location = region.and_then(|region| region.location);
        if location.is_none() && self.shared.pools_file == PoolsFile::Good {
            let name = quoted(&pool.name);
            match region {
                None => item.finding(
                    format!("pool {name}, which is in no region, within nearest"),
                    format!("region = … for pool {name} in pools.toml"),
                ),
                Some(region) => item.finding(
                    format!("pool {name}, whose region has no location, within nearest"),
                    format!("location = [LATITUDE, LONGITUDE] for region {}", quoted(&region.name)),
                ),
            }
        }
        location
    }
}
