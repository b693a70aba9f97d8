//! How the number of a client's chain is found: in a table of the policy's own, which is fastest but takes some
//! megabytes, or by steps in what many policies share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::class::ClassId;
use super::networks::Networks;
use super::runs::zip_runs;
use super::table::{Groups, Table};

/// So many policies by place have a table each; few files have more.
pub(super) const TABLES: usize = 64;

/// The way of one policy.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// From address to chain.
    Table(Table<u32>),
    /// Some hundred instructions more.
    Steps(Box<Steps>),
}

/// What the policies of one set of places share.
#[derive(Debug, Default)]
pub(super) struct Ways {
    tables: usize,
    /// Each is shared by all policies that tell the same clients apart, whatever they prefer for them.
    groupings: HashMap<Arc<[u32]>, Arc<Grouping>>,
}

impl Ways {
    /// The way of a policy, from the number of the chain for each class.
    pub(super) fn of(
        &mut self,
        classes: &Arc<Table<ClassId>>,
        by_class: Arc<[u32]>,
        networks: Option<Networks>,
    ) -> Way {
        if self.tables < TABLES {
            self.tables += 1;
            return Way::Table(laid_out(classes, &by_class, networks.as_ref()));
        }
        let grouping = self.groupings.entry(by_class).or_insert_with_key(|by_class| {
            let groups = classes.groups(by_class);
            Arc::new(Grouping { by_class: Arc::clone(by_class), groups })
        });
        let (classes, grouping) = (Arc::clone(classes), Arc::clone(grouping));
        Way::Steps(Steps { classes, grouping, networks }.into())
    }
}

fn laid_out(classes: &Table<ClassId>, by_class: &[u32], networks: Option<&Networks>) -> Table<u32> {
    let chain = |class: ClassId, set: u32| {
        let of_class = by_class[class as usize];
        networks.map_or(of_class, |networks| networks.chain(set, of_class))
    };
    let sets_v4 = networks.into_iter().flat_map(|networks| networks.table.v4_runs());
    let sets_v6 = networks.into_iter().flat_map(|networks| networks.table.v6_runs());
    let v4 = zip_runs(classes.v4_runs(), sets_v4, chain);
    let v6 = zip_runs(classes.v6_runs(), sets_v6, chain);
    Table::new(&v4, &v6, chain(0, 0))
}

/// The way by steps: from address to class, from that to chain, and last to what networks make of it.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    classes: Arc<Table<ClassId>>,
    grouping: Arc<Grouping>,
    /// None where no key is a network.
    networks: Option<Networks>,
}

/// Which classes a policy treats alike.
#[derive(Debug)]
struct Grouping {
    /// By class the number of its chain.
    by_class: Arc<[u32]>,
    /// The neighbours in the table of classes that are one.
    groups: Groups,
}

impl Steps {
    /// The number of a client's chain, and the widest scope with the same one.
    #[inline(never)] // Who has a table need not make room for it.
    pub(super) fn get(&self, client: IpAddr) -> (u32, u8) {
        let (class, scope) = self.classes.get_within(client, &self.grouping.groups);
        let of_class = self.grouping.by_class[class as usize];
        let Some(networks) = &self.networks else { return (of_class, scope) };
        let (set, within) = networks.table.get(client);
        // Where the sets or the classes' chains differ, so do the chains of both together: what is widest within
        // both is widest.
        (networks.chain(set, of_class), scope.max(within))
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::{GeoKey, PlaceMap, geo_map, nearest_map};
    use super::super::{Class, Places};
    use super::*;
    use crate::health::Location;

    /// A thousand lists of the same places must not take a thousand tables.
    #[test]
    fn who_tells_the_same_clients_apart_shares_how() {
        let class = |country: &[u8; 2], latitude, longitude| Class {
            country: Some(*country),
            location: Some(Location { latitude, longitude }),
            ..Class::default()
        };
        let classes = vec![Class::default(), class(b"US", 37.0, -120.0), class(b"FR", 47.0, 2.0)];
        let v4 = [(0x0a00_0000, 1), (0x0b00_0000, 2), (0x0c00_0000, 0)];
        let places = Places::new(classes, Table::new(&v4, &[], 0));
        let virginia = Location { latitude: 39.04, longitude: -77.49 };
        let dublin = Location { latitude: 53.35, longitude: -6.26 };
        let nearest = |list: &[Location]| nearest_map(&places, list);
        for table in 0..TABLES {
            assert!(matches!(nearest(&[dublin]).way(), Way::Table(_)), "{table}");
        }
        let (there, back) = (nearest(&[dublin, virginia]), nearest(&[virginia, dublin]));
        let (client, unknown) = ("10.0.0.1".parse().unwrap(), "12.0.0.1".parse().unwrap());
        assert_eq!((there.chain(client).0, back.chain(client).0), (&[1, 0][..], &[0, 1][..]));
        assert_eq!((there.chain(unknown).0, back.chain(unknown).0), (&[0, 1][..], &[0, 1][..]));
        let one = nearest(&[dublin]);
        let keys = [GeoKey::Country(*b"FR"), GeoKey::Default];
        let france = geo_map(&places, &keys);
        let office = GeoKey::Network { address: "10.9.0.0".parse().unwrap(), length: 16 };
        let with_office = geo_map(&places, &[keys[0].clone(), keys[1].clone(), office]);
        // The unknown are told what stands first, so `back` tells clients in France from all others, as `france` does.
        let grouping = |map: &PlaceMap| match map.way() {
            Way::Table(_) => None,
            Way::Steps(steps) => Some(Arc::as_ptr(&steps.grouping)),
        };
        assert!(grouping(&back).is_some());
        assert_eq!([grouping(&france), grouping(&with_office)], [grouping(&back); 2]);
        assert_ne!(grouping(&there), grouping(&back));
        assert_ne!(grouping(&one), grouping(&back));
    }
}
