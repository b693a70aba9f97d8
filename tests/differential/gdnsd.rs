//! What was imported from gdnsd answers as gdnsd does.
//!
//! gdnsd and ourselves, on the files that `steersman import gdnsd` made of its configuration, are
//! asked the same questions on behalf of the same clients. Health is said by the configuration
//! itself, so that both know it at once. Where chance draws, what each may answer is gathered over
//! so many questions that nothing of it is likely to be missed: the rarest answer here is one in
//! ten, and 300 draws miss it once in 5·10¹³ runs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hickory_proto::rr::RecordType;

use crate::support::daemon::{Daemon, run};
use crate::support::dns::{Reply, ask, question, question_from, udp_to};
use crate::support::mmdb::{Mmdb, Value, map};
use crate::support::packages::miss;
use crate::support::setup::Setup;
use crate::support::wait::until;

const PROGRAM: &str = "/usr/sbin/gdnsd";
const DRAWS: usize = 300;

/// Everything that is carried over exactly, with datacenters that are down here and there.
const CONFIG: &str = r#"
service_types => {
  gone => { plugin => static, state => DOWN }
  well => { plugin => static, state => UP }
}
plugins => {
  static => { one => 192.0.2.200, host => far.example.net. }
  multifo => {
    all => { addrs_v4 => { a => 192.0.2.1, b => 192.0.2.2 }, addrs_v6 => 2001:db8::1 }
    dead => { service_types => gone, a => 192.0.2.3, b => 192.0.2.4 }
    both => { addrs_v4 => { service_types => [ well, gone ], x => 192.0.2.5 }, addrs_v6 => [ 2001:db8::5 ] }
  }
  weighted => {
    single => { a => [ 192.0.2.10, 9 ], b => [ 192.0.2.11, 1 ] }
    even => { multi => true, a => [ 192.0.2.12, 4 ], b => [ 192.0.2.13, 4 ] }
    groups => { g => { a => [ 192.0.2.14, 3 ], b => [ 192.0.2.15, 3 ] }, h => { a => [ 192.0.2.16, 2 ] } }
    hosts => { a => [ a.example.net., 2 ], b => [ b.example.net., 3 ] }
    dead => { service_types => gone, a => [ 192.0.2.17, 5 ], b => [ 192.0.2.18, 5 ] }
  }
  simplefo => {
    up => { primary => 192.0.2.20, secondary => 192.0.2.21 }
    dead => { service_types => gone, primary => 192.0.2.22, secondary => 192.0.2.23 }
    mixed => { addrs_v4 => { primary => 192.0.2.24, secondary => 192.0.2.25 }
               addrs_v6 => { service_types => gone, primary => 2001:db8::24, secondary => 2001:db8::25 } }
  }
  metafo => { resources => {
    second => { datacenters => [ d1, d2, d3 ], dcmap => { d1 => %multifo!dead, d2 => %simplefo!dead, d3 => 192.0.2.30 } }
    nobody => { datacenters => [ d1, d2 ], service_types => gone, dcmap => { d1 => [ 192.0.2.31, 192.0.2.32 ], d2 => 192.0.2.33 } }
    resort => { datacenters => [ d1, d2 ], dcmap => { d1 => %weighted!dead, d2 => sorry.example.net. } }
    skipped => { datacenters => [ d1, d2 ], skip_first => true, dcmap => { d1 => 192.0.2.34, d2 => 192.0.2.35 } }
    layers => { datacenters => [ d1, d2 ], dcmap => { d1 => %metafo!nobody, d2 => %geoip!places } }
  } }
  geoip => {
    maps => {
      world => {
        geoip2_db => geo.mmdb
        datacenters => [ eu, us, ap ]
        map => {
          EU => { default => [ eu, us, ap ], FR => [ ap, eu, us ] }
          NA => { default => [ us, eu, ap ], US => { CA => [ ap, us, eu ] } }
          AS => { JP => [ ap, us, eu ] }
        }
        nets => { 203.0.113.0/24 => [ ap, eu, us ], 203.0.113.128/25 => [ us, eu, ap ], 2001:db8:1::/48 => [ us, ap, eu ] }
      }
      near => {
        geoip2_db => geo.mmdb
        datacenters => [ eu, us, ap ]
        auto_dc_coords => { eu => [ 50.1, 8.7 ], us => [ 38.9, -77.0 ], ap => [ 35.6, 139.7 ] }
        map => { AS => [ us, eu ] }
      }
    }
    resources => {
      places => { map => world, dcmap => { eu => 192.0.2.40, us => 192.0.2.41, ap => [ 192.0.2.42, 192.0.2.43 ] } }
      fallen => { map => world, dcmap => { eu => { service_types => gone, x => 192.0.2.44 }, us => 192.0.2.45, ap => 192.0.2.46 } }
      nearest => { map => near, dcmap => { eu => 192.0.2.47, us => 192.0.2.48, ap => 192.0.2.49 } }
      fled => { map => near, dcmap => { eu => { service_types => gone, x => 192.0.2.50 }, us => 192.0.2.51, ap => 192.0.2.52 } }
      aliases => { map => world, dcmap => { eu => eu.example.net., us => us.example.net., ap => ap.example.net. } }
    }
  }
}
"#;

const ZONE: &str = "\
@ SOA ns1 host 1 7200 1800 259200 900
@ NS ns1
ns1 A 192.0.2.250
fixed 60 A 192.0.2.251
  TXT \"beside\"
*.wild 120 DYNA multifo!all
one 60 DYNA static!one
host 60 DYNC static!host
zeros 60 DYNA null
all 300 DYNA multifo!all
  MX 10 mail
dead 300 DYNA multifo!dead
both 300 DYNA multifo!both
single 60 DYNA weighted!single
multi 60 DYNA weighted!even
groups 60 DYNA weighted!groups
hosts 60 DYNC weighted!hosts
wdead 60 DYNA weighted!dead
sup 60 DYNA simplefo!up
sdead 60 DYNA simplefo!dead
smixed 60 DYNA simplefo!mixed
second 60 DYNA metafo!second
nobody 60 DYNA metafo!nobody
resort 60 DYNC metafo!resort
skipped 60 DYNA metafo!skipped
layers 60 DYNA metafo!layers
d3 60 DYNA metafo!second/d3
places 60 DYNA geoip!places
places-us 60 DYNA geoip!places/us
fallen 60 DYNA geoip!fallen
nearest 60 DYNA geoip!nearest
fled 60 DYNA geoip!fled
aliases 60 DYNC geoip!aliases
";

const NAMES: [&str; 31] = [
    "@",
    "ns1",
    "fixed",
    "x.wild",
    "one",
    "host",
    "zeros",
    "all",
    "dead",
    "both",
    "single",
    "multi",
    "groups",
    "hosts",
    "wdead",
    "sup",
    "sdead",
    "smixed",
    "second",
    "nobody",
    "resort",
    "skipped",
    "layers",
    "d3",
    "places",
    "places-us",
    "fallen",
    "nearest",
    "fled",
    "aliases",
    "none",
];

/// Those whose answer chance draws.
const DRAWN: [&str; 4] = ["single", "groups", "hosts", "wdead"];

/// In France, in Germany, in California, elsewhere in the United States, in Japan, in Korea, in
/// Brazil, in networks of their own, and nowhere.
const CLIENTS: [&str; 12] = [
    "192.0.2.0/24",
    "198.18.1.0/24",
    "198.18.2.0/24",
    "198.18.3.0/24",
    "198.18.4.0/24",
    "198.18.5.0/24",
    "198.18.6.0/24",
    "198.18.7.0/24",
    "203.0.113.0/25",
    "203.0.113.128/25",
    "2001:db8:1::/56",
    "2001:db8:2::/56",
];

#[test]
fn an_imported_gdnsd_answers_as_before() {
    if !Path::new(PROGRAM).exists() {
        return miss("compared", "gdnsd (package gdnsd)");
    }
    let gdnsd = Gdnsd::start();
    let ours = imported(gdnsd.folder.path());
    for name in NAMES {
        for rtype in [RecordType::A, RecordType::AAAA, RecordType::TXT, RecordType::MX] {
            // Where chance draws, it does not matter who asks.
            let drawn = DRAWN.contains(&name);
            let (clients, draws) = if drawn { (&CLIENTS[..1], DRAWS) } else { (&CLIENTS[..], 1) };
            for client in clients {
                let theirs = gathered(gdnsd.address, name, rtype, client, draws);
                let same = gathered(ours.dns[0], name, rtype, client, draws);
                assert_eq!(same, theirs, "{name} {rtype} from {client}: ours, then gdnsd's");
            }
        }
    }
}

/// All that may be said to a client: the code, names, TTLs and data of the answer, and those of the
/// SOA of what is not there.
fn gathered(
    server: SocketAddr,
    name: &str,
    rtype: RecordType,
    client: &str,
    draws: usize,
) -> BTreeSet<(String, BTreeSet<String>)> {
    (0..draws).map(|_| said(&ask(server, &question_from(name, rtype, client)))).collect()
}

fn said(reply: &Reply) -> (String, BTreeSet<String>) {
    let missing = reply.message.authorities.iter();
    let missing = missing.filter(|record| record.record_type() == RecordType::SOA);
    let records = reply.message.answers.iter().chain(missing);
    let of_asked = records.map(|record| {
        format!("{} {} {} {}", record.name, record.ttl, record.record_type(), record.data)
    });
    (reply.rcode().to_string(), of_asked.collect())
}

/// Our daemon on what the import made, which says of nothing that it was not carried over but for
/// what belongs elsewhere: options of the daemon, and the location database.
fn imported(gdnsd: &Path) -> Daemon {
    let mut setup = Setup::new();
    fs::remove_dir_all(setup.path().join("zones")).unwrap();
    let from = gdnsd.to_str().unwrap();
    let said = run(setup.path(), &["import", "gdnsd", from, "--to", "zones", "--json"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""), "{said:?}");
    let told: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    for note in told["notes"].as_array().unwrap() {
        let found = note["found"].as_str().unwrap();
        let elsewhere = found.starts_with("the option ") || found.starts_with("geoip2_db ");
        assert!(elsewhere, "{note}");
    }
    fs::copy(gdnsd.join("geoip/geo.mmdb"), setup.path().join("geo.mmdb")).unwrap();
    setup.geoip = r#"["geo.mmdb"]"#.into();
    setup.dns = "[dns.rate_limit]\nresponses_per_second = 0\n".into();
    let daemon = setup.start();
    // What is down from the first is in doubt until its first heartbeat is overdue.
    until("all verdicts to be settled", || {
        let status = daemon.status();
        let pools = status["pools"].as_array().unwrap();
        let endpoints = pools.iter().flat_map(|pool| pool["endpoints"].as_array().unwrap());
        let unsettled: Vec<String> = endpoints
            .filter(|endpoint| endpoint["monitors"].as_array().is_some_and(|all| !all.is_empty()))
            .filter(|endpoint| endpoint["verdict"] != "down")
            .map(|endpoint| endpoint.to_string())
            .collect();
        if unsettled.is_empty() { Ok(()) } else { Err(unsettled.join("\n")) }
    });
    until("answers that are in no doubt", || {
        match ask(daemon.dns[0], &question("dead", RecordType::A)).ttl() {
            300 => Ok(()),
            ttl => Err(ttl.to_string()),
        }
    });
    daemon
}

/// gdnsd, running; it ends with this value.
struct Gdnsd {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Gdnsd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["zones", "geoip", "run", "state"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("zones/example.com"), ZONE).unwrap();
        fs::write(folder.path().join("geoip/geo.mmdb"), database()).unwrap();
        let mut starts = 0;
        loop {
            starts += 1;
            let address = free_port();
            let at = folder.path().display();
            let options = format!(
                "options => {{ listen => {address}, udp_threads => 1, tcp_threads => 1, \
                 run_dir => \"{at}/run\", state_dir => \"{at}/state\" }}\n"
            );
            fs::write(folder.path().join("config"), format!("{options}{CONFIG}")).unwrap();
            let log = File::create(folder.path().join("log")).unwrap();
            let mut command = Command::new(PROGRAM);
            command.arg("-c").arg(folder.path()).arg("start").stdin(Stdio::null());
            let mut child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
            let answers = until("gdnsd to answer", || {
                if child.try_wait().unwrap().is_some() {
                    return Ok(false);
                }
                let packet = question("ns1", RecordType::A).to_vec().unwrap();
                let socket = udp_to(address);
                socket.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
                let asked = socket.send(&packet).and_then(|_| socket.recv(&mut [0; 512]));
                asked.map(|_| true).map_err(|error| error.to_string())
            });
            if answers {
                return Self { child, address, folder };
            }
            // Its port was free when it was chosen, and another test may have got it.
            let log = fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(starts < 3, "gdnsd has ended\n{log}");
        }
    }
}

impl Drop for Gdnsd {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> SocketAddr {
    until("a free port", || {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        let address = tcp.local_addr().map_err(|e| e.to_string())?;
        UdpSocket::bind(address).map(|_| address).map_err(|e| e.to_string())
    })
}

/// Where the clients are.
fn database() -> Vec<u8> {
    let places = [
        ("198.18.1.0/24", "EU", "FR", None, 48.9, 2.4),
        ("198.18.2.0/24", "EU", "DE", None, 52.5, 13.4),
        ("198.18.3.0/24", "NA", "US", Some("CA"), 37.8, -122.4),
        ("198.18.4.0/24", "NA", "US", Some("NY"), 40.7, -74.0),
        ("198.18.5.0/24", "AS", "JP", None, 34.7, 135.5),
        ("198.18.6.0/24", "AS", "KR", None, 37.6, 127.0),
        ("198.18.7.0/24", "SA", "BR", None, -23.5, -46.6),
        ("2001:db8:2::/48", "EU", "IT", None, 41.9, 12.5),
    ];
    let mut database = Mmdb::new(6, 24);
    for (network, continent, country, subdivision, latitude, longitude) in places {
        let mut fields = vec![
            ("continent", map([("code", Value::from(continent))])),
            ("country", map([("iso_code", Value::from(country))])),
            (
                "location",
                map([
                    ("latitude", Value::Double(latitude)),
                    ("longitude", Value::Double(longitude)),
                ]),
            ),
        ];
        if let Some(code) = subdivision {
            fields
                .push(("subdivisions", Value::List(vec![map([("iso_code", Value::from(code))])])));
        }
        database = database.network(network, Value::Map(fields));
    }
    database.bytes()
}
