//! NSD, Knot, BIND and ourselves, each on a port of loopback, with the same zones.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tempfile::TempDir;

use crate::questions::Question;
use crate::reply::Client;
use crate::support::daemon::Daemon;
use crate::support::packages::miss;
use crate::support::setup::Setup;
use crate::support::wait::until;
use crate::zones::Zones;

/// The others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    Nsd,
    Knot,
    Bind,
}

/// What all four make cookies with.
const COOKIE_SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";

pub const PEERS: [Peer; 3] = [Peer::Nsd, Peer::Knot, Peer::Bind];

/// How often one of them is started at most.
const MOST_STARTS: u32 = 3;

/// All four, running; they end with this value.
pub struct Servers {
    peers: [(Running, Client); 3],
    ours: (Daemon, Client),
    folder: TempDir,
}

/// The packets that came back; nothing from a peer that stays silent.
pub struct Replies {
    pub peers: [Option<Vec<u8>>; 3],
    pub ours: Option<Vec<u8>>,
}

impl Replies {
    /// Those that came.
    pub fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.peers.iter().chain([&self.ours]).flatten()
    }
}

struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Servers {
    /// Starts all four, and waits until each answers for each zone.
    ///
    /// Nothing if a peer is not installed.
    pub fn start(zones: &Zones) -> Option<Self> {
        if let Some(missing) = PEERS.iter().find(|peer| !peer.is_installed()) {
            miss("compared", &format!("{missing:?} (packages nsd, knot, bind9)"));
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for zone in &zones.0 {
            let path = folder.path().join(format!("{}.zone", zone.file_name()));
            fs::write(path, zone.file()).unwrap();
        }
        let peers = PEERS.map(|peer| peer.start(folder.path(), zones));
        let mut setup = Setup::new();
        setup.dns = "cookie_secret_file = \"cookie.secret\"\n".into();
        setup.write("cookie.secret", COOKIE_SECRET);
        fs::remove_file(setup.path().join("zones/example.com.zone")).unwrap();
        for zone in &zones.0 {
            setup.write(&format!("zones/{}.zone", zone.file_name()), zone.file());
        }
        let daemon = setup.start();
        let client = Client::new(daemon.dns[0]);
        let mut servers = Self { peers, ours: (daemon, client), folder };
        servers.wait(zones);
        Some(servers)
    }

    fn wait(&mut self, zones: &Zones) {
        for (peer, (running, client)) in PEERS.iter().zip(&mut self.peers) {
            let folder = self.folder.path();
            let mut starts = 1;
            for zone in zones.0.iter().filter(|zone| zone.unread_by != Some(*peer)) {
                let question = soa(&zone.apex);
                until(&format!("{peer:?} to answer for {}", zone.apex), || {
                    if running.child.try_wait().unwrap().is_some() {
                        // Its port was free when it was chosen, and another test may have got it.
                        assert!(starts < MOST_STARTS, "{peer:?} has ended\n{}", running.log());
                        starts += 1;
                        (*running, *client) = peer.start(folder, zones);
                    }
                    client.send(&question);
                    let reply = client.receive(&question).ok_or("nothing")?;
                    let reply = Message::from_vec(&reply).map_err(|error| error.to_string())?;
                    match reply.metadata.response_code {
                        ResponseCode::NoError if !reply.answers.is_empty() => Ok(()),
                        other => Err(format!("{other}\n{}\n{}", zone.file(), running.log())),
                    }
                });
            }
        }
    }

    /// Each of the peers, and ourselves.
    pub fn each(&self) -> ([(Peer, &Client); 3], &Client) {
        let [(_, nsd), (_, knot), (_, bind)] = &self.peers;
        ([(Peer::Nsd, nsd), (Peer::Knot, knot), (Peer::Bind, bind)], &self.ours.1)
    }

    /// Asks all four at once over UDP, or one after the other over TCP.
    pub fn ask(&mut self, question: &Question) -> Replies {
        if question.tcp {
            return self.ask_tcp(question);
        }
        let packet = &question.packet;
        for (_, client) in &self.peers {
            client.send(packet);
        }
        self.ours.1.send(packet);
        Replies {
            peers: self.peers.each_ref().map(|(_, client)| client.receive(packet)),
            ours: self.ours.1.receive(packet),
        }
    }

    /// The reply of one peer.
    pub fn ask_one_tcp(&mut self, peer: usize, question: &Question) -> Option<Vec<u8>> {
        self.peers[peer].1.ask_tcp(&question.packet)
    }

    pub fn ask_tcp(&mut self, question: &Question) -> Replies {
        self.ask_packet_tcp(&question.packet)
    }

    /// What each says to a packet over TCP.
    pub fn ask_packet_tcp(&mut self, packet: &[u8]) -> Replies {
        Replies {
            peers: self.peers.each_mut().map(|(_, client)| client.ask_tcp(packet)),
            ours: self.ours.1.ask_tcp(packet),
        }
    }
}

impl Peer {
    fn program(self) -> &'static str {
        match self {
            Self::Nsd => "nsd",
            Self::Knot => "knotd",
            Self::Bind => "named",
        }
    }

    fn is_installed(self) -> bool {
        Path::new("/usr/sbin").join(self.program()).exists()
    }

    fn start(self, zones_folder: &Path, zones: &Zones) -> (Running, Client) {
        let folder = zones_folder.join(self.program());
        fs::create_dir_all(&folder).unwrap();
        let server = free_port();
        let config = folder.join("config");
        let text = match self {
            Self::Nsd => nsd(server, zones_folder, &folder, zones),
            Self::Knot => knot(server, zones_folder, &folder, zones),
            Self::Bind => bind(server, zones_folder, &folder, zones),
        };
        fs::write(&config, text).unwrap();
        let before: &[&str] = match self {
            Self::Nsd => &["-d", "-c"],
            Self::Knot => &["-c"],
            Self::Bind => &["-g", "-n", "1", "-c"],
        };
        let mut command = Command::new(Path::new("/usr/sbin").join(self.program()));
        command.args(before).arg(&config).stdin(Stdio::null());
        let log = folder.join("log");
        let file = File::create(&log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        (Running { child: command.spawn().unwrap(), log }, Client::new(server))
    }
}

/// An address that is free over UDP and TCP.
fn free_port() -> SocketAddr {
    until("a free port", || {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        let address = tcp.local_addr().map_err(|e| e.to_string())?;
        UdpSocket::bind(address).map(|_| address).map_err(|e| e.to_string())
    })
}

fn nsd(server: SocketAddr, zones_folder: &Path, folder: &Path, zones: &Zones) -> String {
    let (ip, port, at) = (server.ip(), server.port(), folder.display());
    let mut text = format!(
        "server:\n ip-address: {ip}\n port: {port}\n username: \"\"\n chroot: \"\"\n \
         database: \"\"\n zonesdir: \"{at}\"\n logfile: \"{at}/log\"\n \
         pidfile: \"{at}/pid\"\n xfrdfile: \"{at}/xfrd\"\n xfrdir: \"{at}\"\n \
         zonelistfile: \"{at}/list\"\n server-count: 1\n minimal-responses: yes\n \
         rrl-ratelimit: 0\n rrl-whitelist-ratelimit: 0\n refuse-any: no\n \
         answer-cookie: yes\n cookie-secret: {COOKIE_SECRET}\n \
         cookie-secret-file: \"{at}/none\"\n\
         remote-control:\n control-enable: no\n"
    );
    for zone in &zones.0 {
        let (apex, file) = (&zone.apex, zone.file_name());
        let file = zones_folder.join(file + ".zone");
        text += &format!("zone:\n name: \"{apex}\"\n zonefile: \"{}\"\n", file.display());
    }
    text
}

fn knot(server: SocketAddr, zones_folder: &Path, folder: &Path, zones: &Zones) -> String {
    let (ip, port, at) = (server.ip(), server.port(), folder.display());
    let mut text = format!(
        "server:\n    listen: {ip}@{port}\n    rundir: \"{at}\"\n    udp-workers: 1\n    \
         tcp-workers: 1\ndatabase:\n    storage: \"{at}\"\n\
         log:\n  - target: stderr\n    any: warning\n\
         mod-cookies:\n  - id: shared\n    secret: [ 0x{COOKIE_SECRET} ]\n\
         template:\n  - id: default\n    global-module: mod-cookies/shared\n    \
         semantic-checks: off\n    zonefile-load: whole\n    \
         journal-content: none\n    storage: \"{}\"\nzone:\n",
        zones_folder.display()
    );
    for zone in &zones.0 {
        let (apex, file) = (&zone.apex, zone.file_name());
        text += &format!("  - domain: \"{apex}\"\n    file: \"{file}.zone\"\n");
    }
    text
}

fn bind(server: SocketAddr, zones_folder: &Path, folder: &Path, zones: &Zones) -> String {
    let (ip, port, at) = (server.ip(), server.port(), folder.display());
    let mut text = format!(
        "options {{ directory \"{at}\"; listen-on port {port} {{ {ip}; }}; \
         listen-on-v6 {{ none; }}; recursion no; allow-query {{ any; }}; minimal-responses yes; \
         pid-file \"{at}/pid\"; session-keyfile \"{at}/key\"; check-integrity no; \
         zero-no-soa-ttl no; dnssec-validation no; empty-zones-enable no; \
         check-names master ignore; cookie-algorithm siphash24; require-server-cookie yes; \
         cookie-secret \"{COOKIE_SECRET}\"; max-udp-size 1232; edns-udp-size 1232; }};\ncontrols {{}};\n"
    );
    for zone in &zones.0 {
        let (apex, file) = (&zone.apex, zone.file_name());
        let file = zones_folder.join(file + ".zone");
        text += &format!(
            "zone \"{apex}\" {{ type primary; file \"{}\"; check-names ignore; \
             check-dup-records ignore; check-mx ignore; check-wildcard no; }};\n",
            file.display()
        );
    }
    text
}

fn soa(apex: &str) -> Vec<u8> {
    let mut message = Message::new(1, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(apex).unwrap(), RecordType::SOA));
    message.to_vec().unwrap()
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already. NSD's children end with their parent on SIGTERM only.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.child.wait();
    }
}
