//! Steered names on the wire.

use super::support::{Setup, ask, check, failover, pool};
use crate::dns::Reason;
use crate::health::{Answers, Standing};
use crate::steering::AllDown;

const NODATA: &str = "NOERROR aa; ! example. 300 SOA";

/// Pool 0 of both families, pool 1 of IPv4, pool 2 of host names, pool 3 of IPv6.
fn pools() -> Setup {
    Setup::default()
        .pool(&["192.0.2.1", "192.0.2.2", "2001:db8::1"])
        .pool(&["192.0.2.11"])
        .pool(&["cdn.example.net."])
        .pool(&["2001:db8::31"])
}

fn down(setup: Setup, pool: u32, endpoints: u32) -> Setup {
    (0..endpoints).fold(setup, |setup, index| setup.stand(pool, index, Standing::Down, None))
}

#[test]
fn each_type_of_a_name_steered_to_addresses() {
    let view = pools()
        .zone("example.", "www MX 10 mail\nmail A 192.0.2.99")
        .steer("www.example.", failover(&[0, 1]), AllDown::Serve)
        .steer("four.example.", pool(1), AllDown::Serve)
        .steer("six.example.", pool(3), AllDown::Serve)
        .steer("*.apps.example.", pool(1), AllDown::Serve)
        .steer("example.", pool(1), AllDown::Serve)
        .steer("a.empty.example.", pool(1), AllDown::Serve)
        .view();
    check(
        &view,
        &[
            ("www.example. A", "NOERROR aa; Q 30 A 192.0.2.1; Q 30 A 192.0.2.2"),
            ("wWw.example. AAAA", "NOERROR aa; Q 30 AAAA 2001:db8::1"),
            ("www.example. MX", "NOERROR aa; Q 600 MX 10 mail.example."),
            ("www.example. TXT", NODATA),
            ("www.example. CNAME", NODATA),
            ("www.example. ANY", "NOERROR aa; Q 30 A 192.0.2.1; Q 30 A 192.0.2.2"),
            // The absent family: no client would be told anything else, and health has no say.
            ("four.example. AAAA", NODATA),
            ("six.example. A", NODATA),
            ("six.example. ANY", "NOERROR aa; Q 30 AAAA 2001:db8::31"),
            ("x.y.apps.example. A", "NOERROR aa; Q 30 A 192.0.2.11"),
            ("*.apps.example. A", "NOERROR aa; Q 30 A 192.0.2.11"),
            ("apps.example. A", NODATA),
            ("x.apps.example. TXT", NODATA),
            ("example. A", "NOERROR aa; Q 30 A 192.0.2.11"),
            ("example. SOA", "NOERROR aa; Q 3600 SOA"),
            ("example. NS", "NOERROR aa; Q 3600 NS ns.net."),
            ("example. ANY", "NOERROR aa; Q 30 A 192.0.2.11"),
            ("empty.example. A", NODATA),
            ("below.www.example. A", "NXDOMAIN aa; ! example. 300 SOA"),
        ],
    );
}

/// Where pools of host names are all there is, the name is an alias for every type.
#[test]
fn a_name_steered_to_host_names_is_an_alias() {
    let view = pools()
        .pool(&["www.example."])
        .pool(&["steered.example."])
        .pool(&["nope.example."])
        .pool(&["x.cut.example."])
        .pool(&["round.example."])
        .zone(
            "example.",
            "www A 192.0.2.99
             to CNAME alias
             tohome CNAME home
             cut NS ns.cut
             ns.cut A 192.0.2.98",
        )
        .steer("alias.example.", pool(2), AllDown::Serve)
        .steer("home.example.", pool(4), AllDown::Serve)
        .steer("again.example.", pool(5), AllDown::Serve)
        .steer("steered.example.", pool(0), AllDown::Serve)
        .steer("gone.example.", pool(6), AllDown::Serve)
        .steer("deleg.example.", pool(7), AllDown::Serve)
        .steer("round.example.", pool(8), AllDown::Serve)
        .view();
    let alias = "NOERROR aa; Q 30 CNAME cdn.example.net.";
    let home = "NOERROR aa; Q 30 CNAME www.example.";
    check(
        &view,
        &[
            ("alias.example. A", alias),
            ("alias.example. AAAA", alias),
            ("alias.example. MX", alias),
            ("alias.example. CNAME", alias),
            ("alias.example. ANY", alias),
            ("alias.example. TYPE65", alias),
            (
                "to.example. A",
                "NOERROR aa; Q 600 CNAME alias.example.; alias.example. 30 CNAME cdn.example.net.",
            ),
            ("home.example. CNAME", home),
            ("home.example. ANY", home),
            ("home.example. A", &format!("{home}; www.example. 600 A 192.0.2.99")),
            ("home.example. MX", &format!("{home}; ! example. 300 SOA")),
            (
                "tohome.example. A",
                "NOERROR aa; Q 600 CNAME home.example.; home.example. 30 CNAME www.example.; \
                 www.example. 600 A 192.0.2.99",
            ),
            (
                "again.example. AAAA",
                "NOERROR aa; Q 30 CNAME steered.example.; steered.example. 30 AAAA 2001:db8::1",
            ),
            ("gone.example. A", "NXDOMAIN aa; Q 30 CNAME nope.example.; ! example. 300 SOA"),
            (
                "deleg.example. A",
                "NOERROR aa; Q 30 CNAME x.cut.example.; ! cut.example. 600 NS ns.cut.example.; \
                 + ns.cut.example. 600 A 192.0.2.98",
            ),
            ("round.example. A", "NOERROR aa; Q 30 CNAME round.example."),
        ],
    );
}

/// The first that is up decides whether the name is an alias; where it is not, what it lacks may
/// not be remembered for longer than its addresses.
#[test]
fn a_name_may_move_between_addresses_and_host_names() {
    let setup =
        || pools().zone("example.", "").steer("mixed.example.", failover(&[0, 2]), AllDown::Serve);
    let lacking = "NOERROR aa; ! example. 30 SOA";
    check(
        &setup().view(),
        &[
            ("mixed.example. A", "NOERROR aa; Q 30 A 192.0.2.1; Q 30 A 192.0.2.2"),
            ("mixed.example. AAAA", "NOERROR aa; Q 30 AAAA 2001:db8::1"),
            ("mixed.example. CNAME", lacking),
            ("mixed.example. MX", lacking),
            ("mixed.example. ANY", "NOERROR aa; Q 30 A 192.0.2.1; Q 30 A 192.0.2.2"),
        ],
    );
    let alias = "NOERROR aa; Q 30 CNAME cdn.example.net.";
    let types = ["A", "AAAA", "CNAME", "MX", "ANY"];
    let view = down(setup(), 0, 3).view();
    for rtype in types {
        assert_eq!(ask(&format!("mixed.example. {rtype}")).of(&view).text(), alias, "{rtype}");
    }
    // IPv6 alone is still addresses, though questions for IPv4 go on to the next pool.
    check(
        &down(setup(), 0, 2).view(),
        &[
            ("mixed.example. A", alias),
            ("mixed.example. AAAA", "NOERROR aa; Q 30 AAAA 2001:db8::1"),
            ("mixed.example. CNAME", lacking),
            ("mixed.example. MX", lacking),
        ],
    );
    // While an endpoint is in doubt, its verdict could change in two seconds.
    let view = setup().stand(0, 0, Standing::Up, Some(2_500)).view();
    check(&view, &[("mixed.example. MX", "NOERROR aa; ! example. 2 SOA")]);
}

#[test]
fn ttl_follows_doubt() {
    for (hold_ms, seconds) in
        [(None, 30), (Some(60_000), 30), (Some(2_999), 2), (Some(900), 1), (Some(0), 1)]
    {
        let view = pools()
            .stand(1, 0, Standing::Up, hold_ms)
            .zone("example.", "")
            .steer("www.example.", pool(1), AllDown::Serve)
            .view();
        let wanted = format!("NOERROR aa; Q {seconds} A 192.0.2.11");
        check(&view, &[("www.example. A", &wanted), ("www.example. AAAA", NODATA)]);
    }
}

#[test]
fn when_everything_is_down() {
    let last = || AllDown::Policy(pool(1));
    let both = "NOERROR aa; Q 30 A 192.0.2.1; Q 30 A 192.0.2.2";
    let six = "NOERROR aa; Q 30 AAAA 2001:db8::1";
    let lacking = "NOERROR aa; ! example. 30 SOA";
    for (all_down, a, aaaa, any) in [
        (AllDown::Serve, both, six, both),
        (AllDown::NoData, lacking, lacking, "NOERROR aa; Q 600 MX 10 mail."),
        (AllDown::ServFail, "SERVFAIL", "SERVFAIL", "SERVFAIL"),
        (last(), "NOERROR aa; Q 30 A 192.0.2.11", lacking, "NOERROR aa; Q 30 A 192.0.2.11"),
    ] {
        let view = down(pools(), 0, 3)
            .zone("example.", "www MX 10 mail.")
            .steer("www.example.", pool(0), all_down)
            .view();
        for (rtype, wanted) in [("A", a), ("AAAA", aaaa), ("ANY", any)] {
            let reply = ask(&format!("www.example. {rtype}")).of(&view);
            assert_eq!(reply.text(), wanted, "{rtype}");
            let reason = match wanted {
                "SERVFAIL" => Reason::ServFail,
                _ if wanted.contains("MX") => Reason::Static,
                _ => Reason::Degraded,
            };
            assert_eq!(reply.answered.reason, reason, "{rtype}");
        }
        check(&view, &[("www.example. MX", "NOERROR aa; Q 600 MX 10 mail.")]);
    }
}

/// A negative answer may not outlive what it depends on, nor the SOA's own limit.
#[test]
fn all_down_without_data_is_kept_for_a_short_time() {
    for (hold_ms, seconds) in [(None, 30), (Some(4_000), 4), (Some(1), 1)] {
        let view = pools()
            .stand(1, 0, Standing::Down, hold_ms)
            .zone("example.", "")
            .steer("www.example.", pool(1), AllDown::NoData)
            .view();
        let wanted = format!("NOERROR aa; ! example. {seconds} SOA");
        check(&view, &[("www.example. A", &wanted), ("www.example. AAAA", NODATA)]);
    }
    let view = pools()
        .stand(1, 0, Standing::Down, None)
        .bare_zone("example.", "@ 5 SOA ns host 1 1h 15m 2w 300\n@ 5 NS ns.net.")
        .steer("www.example.", pool(1), AllDown::NoData)
        .view();
    check(&view, &[("www.example. A", "NOERROR aa; ! example. 5 SOA")]);
}

/// One family that is down does not stand in the way of the other.
#[test]
fn any_prefers_the_family_that_is_up() {
    let setup = |all_down| pools().zone("example.", "").steer("www.example.", pool(0), all_down);
    for all_down in [AllDown::Serve, AllDown::NoData, AllDown::ServFail] {
        let view = down(setup(all_down), 0, 2).view();
        check(&view, &[("www.example. ANY", "NOERROR aa; Q 30 AAAA 2001:db8::1")]);
    }
}

#[test]
fn a_failing_link_fails_the_whole_chain() {
    let view = down(pools(), 1, 1)
        .zone("example.", "to CNAME www")
        .steer("www.example.", pool(1), AllDown::ServFail)
        .view();
    check(&view, &[("to.example. A", "SERVFAIL")]);
}

#[test]
fn one_of_many_and_all_of_many() {
    let mut setup = pools().zone("example.", "").steer("www.example.", pool(0), AllDown::Serve);
    setup.answers(0, Answers::One);
    check(&setup.view(), &[("www.example. A", "NOERROR aa; Q 30 A 192.0.2.1")]);
}

/// What an answer says for the counters: zone, name and slot of the steered choice.
#[test]
fn the_verdict_names_what_was_chosen() {
    let view = pools()
        .zone("other.", "")
        .zone("example.", "to CNAME www\nfixed A 192.0.2.1")
        .steer("a.example.", pool(0), AllDown::Serve)
        .steer("www.example.", failover(&[1, 0]), AllDown::Serve)
        .view();
    for (question, reason, slot) in [
        ("www.example. A", Reason::Steered, Some(5)),
        ("to.example. A", Reason::Steered, Some(5)),
        ("www.example. AAAA", Reason::Steered, Some(4)),
        ("fixed.example. A", Reason::Static, None),
        ("www.example. MX", Reason::NoData, None),
        ("nope.example. A", Reason::NxDomain, None),
        ("elsewhere. A", Reason::Refused, None),
    ] {
        let answered = ask(question).of(&view).answered;
        assert_eq!((answered.reason, answered.slot), (reason, slot), "{question}");
    }
}

/// A steered link says more than what comes after it, a degraded one more than a steered one, and
/// a failure most.
#[test]
fn the_reason_of_a_chain_is_that_of_its_weightiest_link() {
    let on_to = |target: &'static str, standing| {
        pools()
            .pool(&[target])
            .pool(&["next.example."])
            .stand(4, 0, standing, None)
            .stand(1, 0, Standing::Down, None)
            .zone("example.", "fixed A 192.0.2.99\ncut NS ns.cut\nns.cut A 192.0.2.98")
            .steer("next.example.", pool(4), AllDown::Serve)
            .steer("up.example.", pool(0), AllDown::Serve)
            .steer("down.example.", pool(1), AllDown::Serve)
            .steer("nodata.example.", pool(1), AllDown::NoData)
            .steer("fails.example.", pool(1), AllDown::ServFail)
            .steer("first.example.", pool(5), AllDown::Serve)
            .view()
    };
    use Reason::{Degraded, ServFail, Steered};
    for (target, if_up, if_down) in [
        ("fixed.example.", Steered, Degraded),
        ("nope.example.", Steered, Degraded),
        ("elsewhere.", Steered, Degraded),
        ("example.", Steered, Degraded),
        ("x.cut.example.", Steered, Degraded),
        ("up.example.", Steered, Degraded),
        ("down.example.", Degraded, Degraded),
        ("nodata.example.", Degraded, Degraded),
        ("fails.example.", ServFail, ServFail),
    ] {
        for (standing, wanted) in [(Standing::Up, if_up), (Standing::Down, if_down)] {
            for question in ["next.example. A", "first.example. A"] {
                let answered = ask(question).of(&on_to(target, standing)).answered;
                assert_eq!(answered.reason, wanted, "{question} to {target}, {standing:?}");
            }
        }
    }
}
