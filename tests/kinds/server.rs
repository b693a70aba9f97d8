//! Servers as child processes, each at an address of its own, ended by their ids.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;

use crate::support::packages::miss;
use crate::support::wait::until;

/// A server that runs; it ends with this value.
pub struct Server {
    pub folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

/// Finds a program of a package; nothing where it is not installed, which is said.
pub fn program(paths: &[&str], package: &str) -> Option<PathBuf> {
    let found = paths.iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        miss("asked", package);
    }
    found
}

/// An address of loopback that no other server of these tests has, with a port that is free.
pub fn free_address() -> SocketAddr {
    static LAST: AtomicU8 = AtomicU8::new(0);
    let last = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    // Processes that run beside each other differ in their ids.
    let third = 128 + (std::process::id() % 64) as u8;
    let socket = TcpListener::bind((Ipv4Addr::new(127, 0, third, last), 0)).unwrap();
    socket.local_addr().unwrap()
}

/// The same for servers that do not know of all addresses of loopback, for UDP and TCP.
pub fn free_port() -> SocketAddr {
    until("a free port", || {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        let address = tcp.local_addr().map_err(|e| e.to_string())?;
        UdpSocket::bind(address).map(|_| address).map_err(|e| e.to_string())
    })
}

/// Whether the tests run as root, which some servers refuse to.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Server {
    /// Starts a program in a folder, and waits until its port is open.
    pub fn start<A: AsRef<OsStr>>(
        folder: TempDir,
        address: SocketAddr,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            // MariaDB clears away what others have there.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { folder, address, child };
        until(&format!("{} to listen", program.display()), || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended: {ended:?}\n{}", server.log());
            TcpStream::connect(address).map_err(|error| format!("{error}\n{}", server.log()))
        });
        server
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// All that it has said so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
