//! What becomes of one client's answers, told one after another.

use super::{Answer, Client};

/// What is away, and what the answers of one client have been so far. All times are in seconds since that
/// was taken away; [`Course::is_back`] begins them anew.
#[derive(Clone, Debug)]
pub struct Course {
    client: Client,
    /// Set while it is back again.
    is_back: bool,
}

impl Course {
    /// Of a client who was answered so before.
    pub fn new(client: Client) -> Self {
        Self { client, is_back: false }
    }

    /// Takes in what was answered before.
    pub fn begins_as(&mut self, answer: &Answer) {
        self.client.before.clone_from(&answer.data);
        self.client.last_old_ttl_s = answer.ttl_s;
    }

    /// It was away for sure at this moment: up to then a resolver may have been told the old answer, if
    /// there was one.
    pub fn is_away_since(&mut self, at_s: f64) {
        if !self.client.before.is_empty() {
            self.client.last_old_s = Some(at_s);
        }
    }

    /// The client, as it stands.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the next thing to happen to it has happened.
    pub fn has_arrived(&self) -> bool {
        match self.is_back {
            false => self.client.moved_s.is_some(),
            true => self.client.returned_s.is_some(),
        }
    }

    /// What was taken away is back from now on.
    pub fn is_back(&mut self) {
        self.is_back = true;
    }

    /// Takes in an answer; `has_it` says whether what was taken away is in it.
    pub fn heard(&mut self, answer: &Answer, has_it: bool, at_s: f64) {
        let client = &mut self.client;
        match (self.is_back, has_it) {
            (false, true) if client.moved_s.is_none() => {
                client.last_old_s = Some(at_s);
                client.last_old_ttl_s = answer.ttl_s;
            }
            (false, true) => client.strays += 1,
            (false, false) => {
                client.moved_s.get_or_insert(at_s);
                client.after.clone_from(&answer.data);
            }
            (true, true) => {
                client.returned_s.get_or_insert(at_s);
            }
            (true, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Figures;
    use super::*;

    fn course() -> Course {
        Course::new(Client {
            name: "www.example.com.".into(),
            r#type: "A".into(),
            network: "192.0.2.0/24".into(),
            share: 1.0,
            before: vec!["192.0.2.1".into()],
            after: Vec::new(),
            moved_s: None,
            last_old_s: None,
            last_old_ttl_s: 0,
            strays: 0,
            returned_s: None,
        })
    }

    fn answer(data: &str, ttl_s: u32) -> Answer {
        Answer { data: vec![data.into()], ttl_s }
    }

    /// What a resolver was told last is what it goes on telling.
    #[test]
    fn recovery_is_over_when_the_last_old_answer_has_run_out() {
        let mut course = course();
        course.heard(&answer("192.0.2.1", 30), true, -0.2);
        course.heard(&answer("192.0.2.1", 20), true, 0.1);
        assert!(!course.has_arrived());
        assert_eq!(Figures::of(&[course.client().clone()], 0).recovery_s, None, "not moved yet");
        course.heard(&answer("198.51.100.1", 30), false, 0.2);
        assert!(course.has_arrived());
        course.heard(&answer("192.0.2.1", 30), true, 0.3);
        course.heard(&answer("198.51.100.1", 30), false, 0.4);
        let figures = Figures::of(&[course.client().clone()], 0);
        assert_eq!((figures.last_moved_s, figures.recovery_s), (Some(0.2), Some(20.1)));
        assert_eq!((figures.strays, figures.moved, figures.not_moved), (1, 1, 0));
        course.is_back();
        assert!(!course.has_arrived());
        assert_eq!(Figures::of(&[course.client().clone()], 0).not_returned, 1);
        course.heard(&answer("198.51.100.1", 30), false, 0.1);
        course.heard(&answer("192.0.2.1", 30), true, 0.2);
        course.heard(&answer("192.0.2.1", 30), true, 0.3);
        let figures = Figures::of(&[course.client().clone()], 0);
        assert_eq!((figures.last_returned_s, figures.not_returned), (Some(0.2), 0));
    }

    /// Who was told nothing before has nothing to keep.
    #[test]
    fn a_resolver_keeps_what_it_was_told() {
        let mut told = course();
        told.is_away_since(0.1);
        assert_eq!(told.client().last_old_s, Some(0.1));
        let mut untold = course();
        untold.client.before.clear();
        untold.is_away_since(0.1);
        assert_eq!(untold.client().last_old_s, None);
    }

    #[test]
    fn the_last_of_all_clients_counts_and_nothing_does_before_it() {
        let mut all = [course(), course()];
        all[0].heard(&answer("198.51.100.1", 30), false, 0.1);
        let clients = |all: &[Course; 2]| all.clone().map(|course| course.client().clone());
        assert_eq!(Figures::of(&clients(&all), 3).last_moved_s, None);
        all[1].heard(&answer("198.51.100.1", 30), false, 0.7);
        let figures = Figures::of(&clients(&all), 3);
        assert_eq!((figures.last_moved_s, figures.unanswered), (Some(0.7), 3));
        // Nobody was told the old answer after it was taken away.
        assert_eq!(figures.recovery_s, Some(0.0));
    }
}
