//! Whether two sockets would want one port.

use std::net::{IpAddr, SocketAddr};

use super::Daemon;
use crate::config::document::{Item, Kind, Table};

/// Sockets of one kind: what listens there, where, and where that is written.
struct Listening<'d> {
    name: &'static str,
    addresses: &'d [SocketAddr],
    item: Option<Item<'d>>,
}

/// Notes the first port that two want, of TCP and of UDP. Which address a list has twice is said
/// elsewhere.
pub(super) fn check(root: &Table<'_>, daemon: &Daemon) {
    let dns = table(root, "dns");
    let tls = dns.as_ref().and_then(|dns| table(dns, "tls"));
    let listening = |name, addresses, item| Listening { name, addresses, item };
    let admin = table(root, "admin");
    let admin_at = [daemon.admin.listen];
    let none: &[SocketAddr] = &[];
    let [dot, doh, doq] = match &daemon.dns.tls {
        Some(tls) => [&tls.dot[..], &tls.doh, &tls.doq],
        None => [none; 3],
    };
    let plain = || listening("dns", &daemon.dns.listen, item(&dns, "listen"));
    let tcp = [
        plain(),
        listening("dns.tls.dot", dot, item(&tls, "dot")),
        listening("dns.tls.doh", doh, item(&tls, "doh")),
        listening("admin", &admin_at, item(&admin, "listen")),
    ];
    let udp = [plain(), listening("dns.tls.doq", doq, item(&tls, "doq"))];
    for sockets in [&tcp[..], &udp] {
        check_pairs(root, sockets);
    }
    // The lists of both kinds, each once.
    for sockets in tcp[..3].iter().chain(&udp[1..]) {
        check_within(sockets);
    }
}

fn table<'d>(parent: &Table<'d>, key: &str) -> Option<Table<'d>> {
    match parent.get(key)?.kind() {
        Kind::Table(table) => Some(table),
        _ => None,
    }
}

fn item<'d>(table: &Option<Table<'d>>, key: &str) -> Option<Item<'d>> {
    table.as_ref()?.get(key)
}

/// Notes the first address of a list that another one of it takes along.
fn check_within(sockets: &Listening<'_>) {
    let Some(item) = sockets.item else { return };
    let pairs = sockets.addresses.iter().enumerate();
    let pairs = pairs.flat_map(|(n, b)| sockets.addresses[..n].iter().map(move |a| (*a, *b)));
    let taken = pairs.into_iter().find(|(a, b)| a != b && overlap(*a, *b));
    if let Some((a, b)) = taken {
        item.finding(format!("{a} and {b}"), "either all addresses of a port, or some");
    }
}

fn check_pairs(root: &Table<'_>, sockets: &[Listening<'_>]) {
    for (index, later) in sockets.iter().enumerate() {
        for first in &sockets[..index] {
            let pairs =
                later.addresses.iter().flat_map(|b| first.addresses.iter().map(move |a| (a, b)));
            let overlaps = |a: SocketAddr, b| match later.name {
                "admin" => overlap_admin(a, b),
                _ => overlap(a, b),
            };
            let Some((a, b)) = pairs.into_iter().find(|(a, b)| overlaps(**a, **b)) else {
                continue;
            };
            let found = format!("{b} for {}, while {} listens on {a}", later.name, first.name);
            let expected = "another port for one of them";
            match later.item.or(first.item) {
                Some(item) => item.finding(found, expected),
                None => root.finding(found, expected),
            }
        }
    }
}

/// Whether two sockets of answering could not be bound beside each other: a wildcard address takes
/// the port of every one of its family.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let same_family = a.is_ipv4() == b.is_ipv4();
    let covers = same_family && (a.ip().is_unspecified() || b.ip().is_unspecified());
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || covers)
}

/// The same for the admin endpoint: there the wildcard of IPv6 takes the ports of IPv4 too, while
/// sockets of answering are of one family.
pub(super) fn overlap_admin(dns: SocketAddr, admin: SocketAddr) -> bool {
    let covers_both = matches!(admin.ip(), IpAddr::V6(ip) if ip.is_unspecified());
    overlap(dns, admin)
        || covers_both && dns.is_ipv4() && dns.port() == admin.port() && admin.port() != 0
}
