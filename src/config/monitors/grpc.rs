//! `grpc`: the health service of gRPC.

use super::{Beside, NO_PORT, port, tcp, text};
use crate::config::document::{Item, Table};
use crate::health::GrpcCheck;

/// No service has such a long name.
const LONGEST_SERVICE: usize = 1024;

pub(super) fn read(settings: &Table<'_>, beside: &Beside<'_>) -> GrpcCheck {
    settings.expect_keys(&["port", "service", "tls"]);
    GrpcCheck {
        port: port(settings).unwrap_or(NO_PORT),
        service: settings.get("service").and_then(|item| service(&item)).unwrap_or_default(),
        tls: settings.get("tls").and_then(|item| tcp::over_tls(&item, beside)),
    }
}

fn service(item: &Item<'_>) -> Option<String> {
    let good = |name: &str| name.len() <= LONGEST_SERVICE && !name.contains(char::is_control);
    text(item, good, "the name of a service, such as \"shop.v1.Orders\"")
}
