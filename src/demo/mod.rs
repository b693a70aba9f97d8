//! `steersman demo`: the daemon with three regions of its own to break, and a window onto what is
//! answered.
//!
//! The shipped `zones/` and `geoip/` are inside the binary. They are laid out in a folder for the
//! time of the demonstration, and served by the very daemon that `serve` runs.

mod region;
mod watch;

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{App, StartError};
use crate::config;
use region::Region;

const FILES: [(&str, &[u8]); 5] = [
    ("steersman.toml", include_bytes!("../../steersman.toml")),
    ("zones/example.com.zone", include_bytes!("../../zones/example.com.zone")),
    ("zones/example.com.toml", include_bytes!("../../zones/example.com.toml")),
    ("zones/pools.toml", include_bytes!("../../zones/pools.toml")),
    ("geoip/country.mmdb", include_bytes!("../../geoip/country.mmdb")),
];

/// The regions and where the shipped `pools.toml` probes them.
const REGIONS: [(&str, SocketAddr); 3] = [
    ("us-east", address(11, 8011)),
    ("eu-west", address(12, 8012)),
    ("ap-south", address(13, 8013)),
];

const fn address(last: u8, port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), port)
}

/// Runs the demonstration until SIGINT or SIGTERM.
pub async fn run() -> Result<(), StartError> {
    let folder = Folder::new().map_err(|error| {
        StartError::Other(format!("cannot lay out the files of the demo: {error}"))
    })?;
    for (name, address) in REGIONS {
        let region = Region::bind(name, address).await.map_err(|error| {
            StartError::Other(format!(
                "cannot run the region {name} on {address}: {error}; is another demo running?"
            ))
        })?;
        tokio::spawn(Arc::new(region).serve());
    }
    let mut daemon = config::daemon(&folder.0.join("steersman.toml")).map_err(StartError::Files)?;
    // Many a container has no IPv6 at all.
    daemon.dns.listen.retain(|at| at.is_ipv4() || UdpSocket::bind((at.ip(), 0)).is_ok());
    let token_file = daemon.admin.token_file.clone();
    let app = App::start(daemon).await?;
    let Some(&dns) = app.dns_addresses().first() else {
        return Err(StartError::Other("the demo has no DNS address".into()));
    };
    // Whoever runs the demo may see it: it is good for as long as the demo lasts.
    let token = fs::read_to_string(token_file).unwrap_or_default();
    introduce(dns, app.admin_address(), token.trim(), &folder.0);
    let watching = tokio::spawn(watch::watch(dns));
    app.run().await;
    watching.abort();
    Ok(())
}

/// Breaks a region of the demonstration that runs in another terminal, or mends it.
pub async fn order(name: &str, broken: bool) -> Result<String, String> {
    let names = || REGIONS.map(|(name, _)| name).join(", ");
    let (_, address) = REGIONS
        .into_iter()
        .find(|(region, _)| *region == name)
        .ok_or_else(|| format!("unknown region {name:?}; expected one of {}", names()))?;
    region::order(address, broken).await.map_err(|error| {
        format!(
            "cannot reach the region {name} at {address}: {error}; is `steersman demo` running?"
        )
    })?;
    Ok(match broken {
        true => format!("{name} answers its probes with 503 from now on"),
        false => format!("{name} is well again"),
    })
}

fn introduce(dns: SocketAddr, admin: SocketAddr, token: &str, folder: &Path) {
    let program = std::env::args().next().unwrap_or_else(|| "steersman".into());
    let (ip, port) = (dns.ip(), dns.port());
    println!(
        "
Steersman serves example.com on {dns}, with three regions of its own:
us-east, eu-west and ap-south. www.example.com is answered from the first that is well.

In another terminal, ask, break a region, and ask again:

  dig @{ip} -p {port} www.example.com +short       (or: {program} ask www.example.com)
  {program} demo --break us-east
  dig @{ip} -p {port} www.example.com +short       (or: {program} ask www.example.com)

Then: {program} demo --mend us-east
See all regions:  {program} status --config {}
Or on a page:     http://{admin}/
  and sign in with the token {token}
Ctrl-C ends the demo. What www.example.com is answered, as it changes:
",
        folder.join("steersman.toml").display()
    );
}

/// The demo's files, for as long as it runs.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("steersman-demo-{}", std::process::id()));
        // Not `create_dir_all`: whatever stands there already is not ours.
        fs::create_dir(&folder)?;
        let folder = Self(folder);
        for (name, contents) in FILES {
            let path = folder.0.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, contents)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}
