//! Steersman: an authoritative DNS server that moves traffic by answering from live health.
//!
//! One immutable [`view::View`] holds everything an answer needs. [`dns::answer`] is one pure
//! function of a view, a packet, a client and a draw. Whatever changes the world (files, probes,
//! people) builds a new view and swaps it in; see ARCHITECTURE.md for the map of the rooms.
//!
//! Pure rooms, without sockets, files, clock or chance: [`wire`], [`zone`], [`steering`],
//! [`health`], [`place`], [`view`], [`dns`], [`rate_limit`], [`shares`], [`safety`], [`maintenance`], [`diff`], [`notice`],
//! [`uptime`], [`import`], [`sampling`], [`dnstap`]. Edge rooms, each owning one outside thing: the rest.

pub mod admin;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod diff;
pub mod dns;
pub mod dnstap;
pub mod drill;
pub mod duration;
pub mod explain;
pub mod finding;
mod geo_key;
pub mod geoip;
pub mod git;
mod hash;
pub mod health;
pub mod history;
mod hosts;
pub mod import;
pub mod live;
pub mod maintenance;
pub mod metrics;
pub mod notice;
mod pattern;
pub mod place;
pub mod post;
pub mod presentation;
pub mod probe;
pub mod querylog;
pub mod question;
pub mod rate_limit;
pub mod reload;
pub mod safety;
pub mod sampling;
pub mod server;
pub mod shares;
pub mod state;
pub mod steering;
pub mod systemd;
pub mod timestamp;
pub mod uptime;
pub mod view;
pub mod wire;
pub mod zone;
