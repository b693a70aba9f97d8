//! One database as runs of facts.

use std::collections::HashMap;
use std::net::IpAddr;

use maxminddb::{MaxMindDbError, Reader};

use super::facts::Facts;
use super::node::Node;
use super::tree;
use crate::place::{Address, Interner, Runs, push_network};

/// For all addresses the numbers of their facts; 0 where nothing is known.
#[derive(Debug, Default)]
pub struct Networks {
    /// All IPv4 addresses.
    pub v4: Runs<u32, u32>,
    /// All IPv6 addresses.
    pub v6: Runs<u128, u32>,
}

impl Networks {
    /// Whether no record of the database was of use.
    pub fn nothing_known(&self) -> bool {
        let mut ids = self.v4.iter().map(|run| run.1).chain(self.v6.iter().map(|run| run.1));
        ids.all(|id| id == 0)
    }

    fn push(&mut self, address: IpAddr, length: u8, id: u32) {
        match address {
            IpAddr::V4(ip) => push_network(&mut self.v4, ip.to_bits().network(length), id),
            IpAddr::V6(ip) => {
                // IPv4 lies in ::/96, so a wider network holds all of it.
                if ip.is_unspecified() && length <= 96 {
                    push_network(&mut self.v4, 0.network(0), id);
                }
                push_network(&mut self.v6, ip.to_bits().network(length), id);
            }
        }
    }
}

/// All networks of a database, each of its records decoded once.
///
/// # Errors
///
/// Whatever makes the file no whole and sound database.
pub fn read(
    reader: &Reader<&[u8]>,
    file: &[u8],
    facts: &mut Interner<Facts>,
) -> Result<Networks, MaxMindDbError> {
    // The reader's own `verify()` is not asked, since it refuses a database without a description,
    // as ip-location-db writes them. Decoding every record below shows as well what is broken.
    tree::check(file, reader.metadata()).map_err(MaxMindDbError::invalid_database)?;
    let mut networks = Networks::default();
    let mut decoded: HashMap<usize, u32> = HashMap::new();
    // Networks come in the order of their addresses, without those that are aliases of IPv4.
    for found in reader.networks(Default::default())? {
        let found = found?;
        let Some(offset) = found.offset() else { continue };
        let id = match decoded.get(&offset) {
            Some(id) => *id,
            None => {
                let record = found.decode::<Node<'_>>()?;
                let id = facts.id(record.as_ref().map(Facts::of).unwrap_or_default());
                decoded.insert(offset, id);
                id
            }
        };
        let network = found.network()?;
        networks.push(network.network(), network.prefix(), id);
    }
    Ok(networks)
}
