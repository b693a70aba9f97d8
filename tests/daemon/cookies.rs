//! Cookies: whose are good where, and how secrets are changed.

use std::fs;
use std::net::SocketAddr;

use crate::support::daemon::Daemon;
use crate::support::dns::exchange;
use crate::support::setup::Setup;
use crate::support::wait::until_eq;

const A: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const B: &str = "445536bcd2513298075a5d379663c962";
const NOERROR: u16 = 0;
const BADCOOKIE: u16 = 23;

/// Asks nothing but what a cookie is worth (RFC 7873 5.4): the response code, and the cookie that
/// comes back.
#[track_caller]
fn try_cookie(server: SocketAddr, cookie: &[u8], tcp: bool) -> (u16, Vec<u8>) {
    let length = cookie.len() as u8;
    let mut packet = vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    packet.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, length + 4, 0, 10, 0, length]);
    packet.extend(cookie);
    let reply = exchange(server, &packet, tcp);
    assert_eq!(reply.len(), 12 + 11 + 4 + 24, "{reply:?}");
    (u16::from(reply[17]) << 4 | u16::from(reply[3] & 0x0f), reply[27..].to_vec())
}

#[track_caller]
fn get_cookie(server: SocketAddr) -> Vec<u8> {
    let (rcode, cookie) = try_cookie(server, b"abcdefgh", false);
    assert_eq!(rcode, NOERROR);
    assert!(cookie.starts_with(b"abcdefgh\x01\0\0\0"), "{cookie:?}");
    cookie
}

#[track_caller]
fn worth(daemon: &Daemon, cookie: &[u8]) -> u16 {
    try_cookie(daemon.dns[0], cookie, false).0
}

fn with_secrets(secrets: &str) -> Daemon {
    let mut setup = Setup::new();
    setup.dns = "cookie_secret_file = \"cookie.secret\"\n".into();
    setup.write("cookie.secret", secrets);
    setup.start()
}

#[test]
fn servers_with_one_file_take_each_others_cookies() {
    let (one, two, other) = (with_secrets(A), with_secrets(&format!("{A}\n")), with_secrets(B));
    let cookie = get_cookie(one.dns[0]);
    for (daemon, expected) in [(&one, NOERROR), (&two, NOERROR), (&other, BADCOOKIE)] {
        for tcp in [false, true] {
            assert_eq!(try_cookie(daemon.dns[0], &cookie, tcp).0, expected);
        }
        let mut forged = cookie.clone();
        forged[23] ^= 1;
        assert_eq!(worth(daemon, &forged), BADCOOKIE);
    }
    let counted = |rcode| {
        let labels = [r#"reason="cookie""#, &format!("rcode=\"{rcode}\"")];
        one.metrics().sum("steersman_answers_total", &labels)
    };
    until_eq((3.0, 1.0), || (counted("NOERROR"), counted("BADCOOKIE")));
}

/// Without a file each start has a secret of its own.
#[test]
fn a_server_of_its_own_has_a_secret_of_its_own() {
    let (one, two) = (Setup::new().start(), Setup::new().start());
    let cookie = get_cookie(one.dns[0]);
    assert_eq!((worth(&one, &cookie), worth(&two, &cookie)), (NOERROR, BADCOOKIE));
    // And keeps it over reloads.
    assert_eq!(one.reload().status, 200);
    assert_eq!(worth(&one, &cookie), NOERROR);
}

/// RFC 9018 5, step by step, by every way to reload; a bad file changes nothing.
#[test]
fn secrets_are_rolled_over_by_reloads() {
    let daemon = with_secrets(A);
    let by_a = get_cookie(daemon.dns[0]);
    let by_b = get_cookie(with_secrets(B).dns[0]);
    assert_eq!((worth(&daemon, &by_a), worth(&daemon, &by_b)), (NOERROR, BADCOOKIE));

    daemon.write("cookie.secret", format!("{A}\n{B}\n"));
    daemon.signal("HUP");
    until_eq(NOERROR, || worth(&daemon, &by_b));
    assert_eq!(worth(&daemon, &by_a), NOERROR);

    daemon.write("cookie.secret", format!("{B}\n{A}\n"));
    assert_eq!(daemon.reload().status, 200);
    assert_eq!((worth(&daemon, &by_a), worth(&daemon, &by_b)), (NOERROR, NOERROR));

    for (text, finding) in [
        (format!("{B}\n{A}0\n"), "cookie.secret:2:1: 33 digits; expected 32 hexadecimal digits"),
        (String::new(), "cookie.secret:1:1: no secret; expected 32 hexadecimal digits"),
    ] {
        daemon.write("cookie.secret", text);
        let refused = daemon.reload();
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(finding), "{}", refused.body);
        assert!(!refused.body.contains(&A[..8]) && !daemon.log.text().contains(&A[..8]));
        assert_eq!((worth(&daemon, &by_a), worth(&daemon, &by_b)), (NOERROR, NOERROR));
    }
    fs::remove_file(daemon.path("cookie.secret")).unwrap();
    assert_eq!(daemon.reload().status, 422);
    assert_eq!(worth(&daemon, &by_a), NOERROR);

    daemon.write("cookie.secret", B);
    assert_eq!(daemon.reload().status, 200);
    assert_eq!((worth(&daemon, &by_a), worth(&daemon, &by_b)), (BADCOOKIE, NOERROR));
}

#[test]
fn no_start_without_the_secrets_that_are_named() {
    let mut setup = Setup::new();
    setup.dns = "cookie_secret_file = \"cookie.secret\"\n".into();
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cookie.secret, a file that cannot be read"), "{said}");
    setup.write("cookie.secret", "secret\n");
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cookie.secret:1:1: a character that is no hex"), "{said}");
}
