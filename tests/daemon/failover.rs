//! Endpoints die and come back, and the answers follow.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::backend::{Backend, Manner, WELL};
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};

const EAST: &str = "192.0.2.1";
const WEST: &str = "198.51.100.1";
const SOUTH: &str = "203.0.113.1";

/// The story of the project: three regions, one after the other dies, and comes back.
#[test]
fn answers_follow_three_regions_as_they_die_and_come_back() {
    let mut regions = [Backend::http(), Backend::http(), Backend::http()];
    let names = ["us-east", "eu-west", "ap-south"];
    let addresses = [(EAST, "2001:db8:1::1"), (WEST, "2001:db8:2::1"), (SOUTH, "2001:db8:3::1")];
    let mut pools = web();
    for ((name, (v4, v6)), at) in names.iter().zip(addresses).zip(&regions) {
        let at = at.address;
        pools += &format!(
            "[regions.{name}]\n[pools.{name}]\nregion = \"{name}\"\nmonitor = \"web\"\nendpoints = [
               {{ address = \"{v4}\", probe = \"{at}\" }}, {{ address = \"{v6}\", probe = \"{at}\" }}]\n"
        );
    }
    let names = "www.failover = [\"us-east\", \"eu-west\", \"ap-south\"]\n";
    let daemon = Setup::steering(&pools, names).ready();
    daemon.wait_for_answer("www", EAST);
    until_eq(30, || daemon.ask("www", RecordType::A).ttl());
    let reply = daemon.ask("www", RecordType::A);
    assert_eq!(reply.rcode(), ResponseCode::NoError);
    assert!(reply.message.metadata.authoritative);

    for (index, (v4, v6)) in [(0, addresses[1]), (1, addresses[2])] {
        regions[index].kill();
        daemon.wait_for_answer("www", v4);
        assert_eq!(daemon.ask("www", RecordType::AAAA).data(), [v6]);
        assert_eq!(daemon.ask("alias", RecordType::A).data(), [v4, "www.example.com."]);
    }
    let degraded = || daemon.metrics().sum("steersman_answers_total", &[r#"reason="degraded""#]);
    assert_eq!(degraded(), 0.0);

    // With all of them dead the answer is as if all were up, and that is told.
    regions[2].kill();
    daemon.wait_for_answer("www", EAST);
    assert!(degraded() > 0.0);
    let alarm =
        "ALL DOWN: not one pool of these names is up; they are answered as their all_down says";
    assert_eq!(daemon.log.wait_for(alarm, 1)["names"], "www.example.com.");

    regions[2].revive();
    daemon.wait_for_answer("www", SOUTH);
    let over = daemon.log.wait_for("these names have a pool that is up again", 1);
    assert_eq!(over["names"], "www.example.com.");
    regions[0].revive();
    daemon.wait_for_answer("www", EAST);
    assert_eq!(daemon.endpoint("eu-west")["last_error"], "connect refused");
    regions[1].revive();
    until_eq("up".into(), || daemon.endpoint("eu-west")["verdict"].clone());
    assert_eq!(daemon.answer("www"), [EAST]);
}

/// A name is lost for a family when nothing of that family is up; and a reload says nothing again.
#[test]
fn the_alarm_is_for_families_and_rings_once() {
    let mut region = Backend::http();
    let both = format!(
        "[pools.both]\nmonitor = \"web\"\nendpoints = [{{ address = \"{EAST}\", probe = \"{0}\" }}, \
         {{ address = \"2001:db8::1\", probe = \"{0}\" }}]\n",
        region.address
    );
    let pools = web() + &both + &steady("six", "2001:db8::6");
    let names = "www.failover = [\"both\"]\nmixed.failover = [\"six\", \"both\"]\n";
    let daemon = Setup::steering(&pools, names).ready();
    region.kill();
    let alarm =
        "ALL DOWN: not one pool of these names is up; they are answered as their all_down says";
    until_eq("www.example.com. mixed.example.com. (A)".to_owned(), || {
        let lines = daemon.log.of(alarm);
        let names = lines.iter().filter_map(|line| line["names"].as_str());
        names.collect::<Vec<_>>().join(" ")
    });
    let rung = daemon.log.of(alarm).len();
    daemon.write("zones/example.com.toml", format!("{names}more.failover = [\"six\"]\n"));
    assert_eq!(daemon.reload().status, 200);
    daemon.write("zones/example.com.toml", format!("{names}more.failover = [\"both\"]\n"));
    assert_eq!(daemon.reload().status, 200);
    assert_eq!(daemon.log.wait_for(alarm, rung + 1)["names"], "more.example.com.");
    assert_eq!(daemon.log.of(alarm).len(), rung + 1);
    assert_eq!(daemon.log.of("these names have a pool that is up again").len(), 0);
}

/// Each way to be ill has a pool, and a name that fails over from it.
#[test]
fn every_way_to_fail_moves_the_answer_and_mending_moves_it_back() {
    let ways: [(&str, Option<Manner>, &str); 9] = [
        ("dead", None, "connect refused"),
        ("hangs", Some(Manner::Hang), "timed out after 1s"),
        ("late", Some(Manner::Late), "timed out after 1s"),
        ("half", Some(Manner::HalfAnswer), "timed out after 1s"),
        ("error", Some(Manner::Answer("500 No", "ok")), "status 500, wanted 200-299"),
        ("moved", Some(Manner::Answer("302 Found", "ok")), "status 302, wanted 200-299"),
        ("body", Some(Manner::Answer("200 OK", "fine")), "body lacks \"ok\""),
        ("nonsense", Some(Manner::Nonsense), "no HTTP answer: "),
        ("leaves", Some(Manner::HangUp), "no HTTP answer: "),
    ];
    let mut servers = [(); 9].map(|()| Backend::http());
    let (mut pools, mut names) = (web() + &steady("spare", WEST), String::new());
    for ((way, ..), server) in ways.iter().zip(&servers) {
        pools += &pool(way, "web", EAST, server.address);
        names += &format!("[{way}]\nfailover = [\"{way}\", \"spare\"]\n");
    }
    let daemon = Setup::steering(&pools, &names).ready();
    for (way, ..) in &ways {
        daemon.wait_for_answer(way, EAST);
    }
    for ((_, manner, _), server) in ways.iter().zip(&mut servers) {
        match manner {
            Some(manner) => server.be(manner.clone()),
            None => server.kill(),
        }
    }
    for (way, _, why) in &ways {
        daemon.wait_for_answer(way, WEST);
        daemon.wait_for_error(way, why);
        let endpoint = daemon.endpoint(way);
        assert_eq!((&endpoint["verdict"], &endpoint["standing"]), (&"down".into(), &"down".into()));
    }
    for ((_, manner, _), server) in ways.iter().zip(&mut servers) {
        match manner {
            Some(_) => server.be(WELL),
            None => server.revive(),
        }
    }
    for (way, ..) in &ways {
        daemon.wait_for_answer(way, EAST);
    }
}

/// Resolvers are told to come back before the verdict can change.
#[test]
fn the_ttl_shrinks_while_a_verdict_is_in_doubt() {
    let server = Backend::http();
    let slow = "[monitors.slow]\nhttp = {}\ninterval = \"2s\"\ntimeout = \"2s\"\nfall = 3\n\
                retry = \"2s\"\nrise = 2\n";
    let pools =
        slow.to_owned() + &pool("main", "slow", EAST, server.address) + &steady("spare", WEST);
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nttl = 60\n";
    let daemon = Setup::steering(&pools, names).ready();
    daemon.wait_for_answer("www", EAST);
    until_eq(60, || daemon.ask("www", RecordType::A).ttl());
    server.be(Manner::Answer("500 No", ""));
    let mut seen = Vec::new();
    until("the answer to move", || {
        let reply = daemon.ask("www", RecordType::A);
        if reply.data() == [WEST] {
            return Ok(());
        }
        if seen.last() != Some(&reply.ttl()) {
            seen.push(reply.ttl());
        }
        Err(format!("TTLs of {seen:?}"))
    });
    // Two more failures would move it, or one more; a busy machine may miss one of the two.
    assert!([&[60, 4, 2][..], &[60, 4], &[60, 2]].contains(&&*seen), "{seen:?}");
    // The dead pool was looked at, but it stands firm.
    assert_eq!(daemon.ask("www", RecordType::A).ttl(), 60);
}

/// Within a pool: those that are up are answered, as long as there are enough of them.
#[test]
fn a_pool_answers_with_its_healthy_endpoints() {
    let mut servers = [(); 3].map(|()| Backend::http());
    let mut pools = web() + &steady("spare", WEST);
    pools += "[pools.main]\nmonitor = \"web\"\nmin_healthy = 2\nendpoints = [\n";
    for (index, server) in servers.iter().enumerate() {
        pools += &format!("{{ address = \"192.0.2.{index}\", probe = \"{}\" }},\n", server.address);
    }
    pools += "]\n";
    let daemon = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").ready();
    let all = ["192.0.2.0", "192.0.2.1", "192.0.2.2"].map(str::to_owned);
    until_eq(all.to_vec(), || daemon.answer("www"));
    servers[1].kill();
    until_eq(vec!["192.0.2.0".to_owned(), "192.0.2.2".to_owned()], || daemon.answer("www"));
    servers[0].kill();
    daemon.wait_for_answer("www", WEST);
    servers[1].revive();
    until_eq(vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()], || daemon.answer("www"));
}
