//! What share of the clients of each name is told what: now, while all is well, and if a person said
//! something else.

use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::mmdb::{Mmdb, Value as Field, map};
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::until_eq;

const EAST: &str = "192.0.2.1";
const NAMES: &str = "\
www.geo = { EU-FR = [\"east\", \"west\"], default = [\"west\", \"east\"] }
api.weighted = { east = 3, west = 1 }
";

/// Two regions of a pool each, the first of which is probed; 12/8 is France's.
fn daemon(backend: &Backend) -> Daemon {
    let pools = format!(
        "[regions.east]\n[regions.west]\n{}{}region = \"east\"\n{}region = \"west\"\n",
        web(),
        pool("east", "web", EAST, backend.address),
        steady("west", "198.51.100.1"),
    );
    let mut setup = Setup::steering(&pools, NAMES);
    let france = map([("country_code", Field::from("FR"))]);
    setup.write("geoip/fr.mmdb", Mmdb::new(6, 24).network("12.0.0.0/8", france).bytes());
    setup.geoip = r#"["geoip/fr.mmdb"]"#.into();
    setup.write_config();
    setup.ready()
}

/// What the clients of a country are told.
fn told(daemon: &Daemon, country: &str) -> Value {
    let map = daemon.api("GET", "/api/v1/map?name=www.example.com", "").json();
    map["countries"][country].clone()
}

fn whole(name: &str) -> Value {
    json!([{"pool": name, "region": name, "share": 1.0}])
}

#[test]
fn the_map_shows_a_failover() {
    let mut backend = Backend::http();
    let daemon = daemon(&backend);
    assert_eq!(told(&daemon, "FR"), whole("east"));
    let map = daemon.api("GET", "/api/v1/map?name=WWW.example.com.&type=A", "").json();
    assert_eq!(map["elsewhere"], whole("west"), "{map}");
    backend.kill();
    until_eq(whole("west"), || told(&daemon, "FR"));
    for (query, status) in [
        ("name=nosuch.example.com", 404),
        ("name=www.example.com&type=MX", 400),
        ("name=www..example.com", 400),
        ("", 400),
    ] {
        let said = daemon.api("GET", &format!("/api/v1/map?{query}"), "");
        assert_eq!(said.status, status, "{query}: {said:?}");
    }
}

#[test]
fn names_have_what_is_configured_beside_what_was_achieved() {
    let mut backend = Backend::http();
    let daemon = daemon(&backend);
    for _ in 0..40 {
        daemon.answer("api");
    }
    let names = daemon.api("GET", "/api/v1/names", "").json();
    assert_eq!(names["count"], 2);
    let api = &names["names"][0];
    assert_eq!((&api["name"], &api["answers"]), (&"api.example.com.".into(), &40.into()));
    let configured = json!([
        {"pool": "east", "region": "east", "share": 0.75},
        {"pool": "west", "region": "west", "share": 0.25},
    ]);
    assert_eq!((&api["configured"], &api["now"]), (&configured, &configured));
    let achieved: f64 =
        api["achieved"].as_array().unwrap().iter().map(|s| s["share"].as_f64().unwrap()).sum();
    assert!((achieved - 1.0).abs() < 1e-9, "{api}");
    assert_eq!((&api["types"], &api["degraded"]), (&json!(["A"]), &json!(0.0)));
    backend.kill();
    let now = || {
        daemon.api("GET", "/api/v1/names?containing=api&limit=1", "").json()["names"][0]["now"]
            .clone()
    };
    until_eq(whole("west"), now);
    assert_eq!(daemon.api("GET", "/api/v1/names?containing=nothing", "").json()["count"], 0);
    assert_eq!(daemon.api("GET", "/api/v1/names?limit=0", "").status, 400);
    // Answers of the time between two looks; of the first there is no rate.
    let rate = || {
        daemon.api("GET", "/api/v1/names?containing=api", "").json()["names"][0]["answers_per_second"].is_f64()
    };
    until_eq(true, rate);
}

#[test]
fn a_preview_says_what_would_move_and_moves_nothing() {
    let backend = Backend::http();
    let daemon = daemon(&backend);
    let preview = |body: Value| daemon.api("POST", "/api/v1/preview", &body.to_string());
    let said = preview(json!({"state": "drain", "target": "region:east"})).json();
    assert_eq!(
        (&said["names"], &said["compared"], &said["degraded"]),
        (&2.into(), &2.into(), &0.into())
    );
    let api = &said["changes"][0];
    assert_eq!((&api["name"], &api["moved"]), (&"api.example.com.".into(), &0.75.into()), "{said}");
    assert_eq!(
        (&api["moves"][0]["from"], &api["moves"][0]["to"]),
        (&"east".into(), &"west".into())
    );
    let www = &said["changes"][1];
    assert_eq!(www["moves"][0]["countries"], json!(["FR"]), "{said}");
    assert_eq!(told(&daemon, "FR"), whole("east"), "nothing has moved");

    // With the other region drained there is nowhere left to go.
    assert_eq!(daemon.set("region:west", "drain").status, 201);
    let said = preview(json!({"state": "drain", "target": "region:east"})).json();
    assert_eq!(said["degraded"], 2, "{said}");
    let said = preview(json!({"target": "region:west"})).json();
    assert_eq!(said["changes"][0]["moves"][0]["to"], "west", "{said}");
    for (body, status) in [
        (json!({"state": "drain", "target": "region:eats"}), 404),
        (json!({"state": "drain", "target": "east"}), 422),
        (json!({"state": "off", "target": "region:east"}), 422),
        (json!({"target": "region:east", "for": "1h"}), 422),
    ] {
        assert_eq!(preview(body.clone()).status, status, "{body}");
    }
}
