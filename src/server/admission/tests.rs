use super::*;
use crate::metrics::render;

const ME: &str = "192.0.1.2";

struct House {
    admission: Arc<Admission>,
    metrics: Arc<Metrics>,
}

impl House {
    fn new(connections: usize, connections_per_network: usize) -> Self {
        let limits = ConnectionLimits {
            connections,
            connections_per_network,
            ..ConnectionLimits::default()
        };
        let metrics = Metrics::new();
        Self { admission: Admission::new(limits, Some(Arc::clone(&metrics))), metrics }
    }

    /// A connection that is at work.
    fn busy(&self, source: &str) -> Option<Permit> {
        self.admission.admit(source.parse().unwrap())
    }

    /// A connection that waits.
    fn waiting(&self, source: &str) -> Permit {
        let mut permit = self.busy(source).unwrap();
        permit.wait(WaitsFor::Question);
        permit
    }

    /// Connections open, evicted and refused: by the total, by a client's share.
    fn counted(&self) -> [u64; 5] {
        let text = render(self.metrics.families());
        [
            "steersman_tcp_connections ",
            r#"steersman_tcp_evicted_connections_total{limit="total"} "#,
            r#"steersman_tcp_evicted_connections_total{limit="client"} "#,
            r#"steersman_tcp_refused_connections_total{limit="total"} "#,
            r#"steersman_tcp_refused_connections_total{limit="client"} "#,
        ]
        .map(|sample| {
            let value = text.lines().find_map(|line| line.strip_prefix(sample)).unwrap();
            value.parse().unwrap()
        })
    }
}

/// Which of them were evicted.
fn gone(permits: &mut [Permit]) -> Vec<usize> {
    (0..permits.len()).filter(|&index| !permits[index].work()).collect()
}

#[test]
fn limits_hold_in_all_and_for_each_client() {
    let house = House::new(3, 2);
    let one = house.busy("2001:db8:0:1::1");
    let _two = house.busy("2001:db8:0:2::1");
    assert!(house.busy("2001:db8:0:ff::1").is_none());
    let three = house.busy("2001:db8:0:100::1");
    assert!(house.busy(ME).is_none());
    assert_eq!(house.counted(), [3, 0, 0, 1, 1]);
    drop(three);
    let _four = house.busy(ME).unwrap();
    drop(one);
    assert!(house.busy("2001:db8:0:ff::1").is_some());
}

#[test]
fn nothing_is_kept_of_clients_that_left() {
    let house = House::new(2, 1);
    drop((house.waiting(ME), house.busy("192.0.2.2")));
    let mut evicted = house.waiting(ME);
    drop(house.waiting(ME));
    assert!(!evicted.work());
    drop(evicted);
    let open = house.admission.open();
    assert!(open.clients.is_empty());
    assert_eq!(open.total, 0);
    drop(open);
    assert_eq!(house.counted(), [0, 0, 1, 0, 0]);
}

#[test]
fn patience_shrinks_when_more_than_half_is_taken() {
    let house = House::new(2, 2);
    let ConnectionLimits { idle, crowded_idle, .. } = house.admission.limits;
    let mut one = house.busy(ME).unwrap();
    assert_eq!(one.idle(), idle);
    assert_eq!(one.wait(WaitsFor::Question), idle);
    assert!(one.work());
    let two = house.busy(ME).unwrap();
    // Each is told what its next wait will be, as far as that can be known.
    assert_eq!((one.idle(), two.idle()), (idle, crowded_idle));
    assert_eq!(one.wait(WaitsFor::Question), crowded_idle);
    assert_eq!(one.idle(), crowded_idle);
    assert!(one.work());
    one.wait(WaitsFor::Reader);
    assert_eq!(one.idle(), crowded_idle);
}

#[test]
fn whoever_fills_the_house_gives_way() {
    let house = House::new(6, 3);
    let mut open: Vec<Permit> = ["192.0.7.2", ME, ME, "192.0.8.2", ME, "192.0.9.2"]
        .into_iter()
        .map(|source| house.waiting(source))
        .collect();
    // Its oldest, though others have waited longer.
    let _five = house.waiting("192.0.5.2");
    assert_eq!(gone(&mut open), [1]);
    assert_eq!(house.counted(), [6, 1, 0, 0, 0]);
}

#[test]
fn among_equals_the_longest_wait_ends() {
    let house = House::new(3, 3);
    let mut open: Vec<Permit> =
        ["192.0.9.2", ME, "192.0.5.2"].into_iter().map(|source| house.waiting(source)).collect();
    // The first has asked something since.
    assert!(open[0].work());
    open[0].wait(WaitsFor::Question);
    let _new = house.waiting("192.0.7.2");
    assert_eq!(gone(&mut open), [1]);
}

#[test]
fn a_client_at_its_share_gives_way_to_itself() {
    let house = House::new(10, 2);
    let mut open: Vec<Permit> =
        ["192.0.9.2", ME, ME].into_iter().map(|source| house.waiting(source)).collect();
    let _third = house.waiting(ME);
    assert_eq!(gone(&mut open), [1]);
    assert_eq!(house.counted(), [3, 0, 1, 0, 0]);
}

#[test]
fn whoever_is_at_work_stays() {
    let house = House::new(3, 2);
    let mut working = house.waiting(ME);
    let mut other = house.waiting(ME);
    assert!(working.work());
    let _one = house.waiting("192.0.2.2");
    let _two = house.waiting("192.0.3.2");
    assert!(!other.work());
    // Nobody but a client with less than this one would have could give way.
    assert!(house.busy(ME).is_none());
    assert_eq!(house.counted(), [3, 1, 0, 1, 0]);
    assert!(working.work());
}

#[tokio::test]
async fn the_evicted_hear_of_it_whenever_they_listen() {
    let house = House::new(1, 1);
    let one = house.waiting(ME);
    let two = house.waiting(ME);
    one.evicted().await;
    let waits = tokio::time::timeout(Duration::from_millis(10), two.evicted());
    assert!(waits.await.is_err());
}

/// Of one client, whoever waits for a question goes before whoever has answers to give.
#[test]
fn answers_to_give_are_the_last_to_be_given_up() {
    let house = House::new(3, 3);
    let mut open = [house.busy(ME).unwrap(), house.waiting(ME), house.waiting(ME)];
    open[0].wait(WaitsFor::Reader);
    let _newcomer = house.busy(ME).unwrap();
    open[2].work();
    open[2].wait(WaitsFor::Question);
    let _another = house.busy(ME).unwrap();
    assert_eq!(gone(&mut open[1..]), [0, 1]);
    let _third = house.busy(ME).unwrap();
    assert_eq!(gone(&mut open), [0, 1, 2]);
    assert_eq!(house.counted(), [3, 0, 3, 0, 0]);
}
