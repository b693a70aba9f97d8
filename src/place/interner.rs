//! Equal values kept once, and named by a small number.

use std::collections::HashMap;
use std::hash::Hash;

/// Distinct values, numbered in the order in which they came.
#[derive(Debug)]
pub struct Interner<T> {
    list: Vec<T>,
    ids: HashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { list: Vec::new(), ids: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of a value.
    pub fn id(&mut self, value: T) -> u32 {
        let next = self.list.len() as u32;
        *self.ids.entry(value).or_insert_with_key(|value| {
            self.list.push(value.clone());
            next
        })
    }

    /// The values, each at its number.
    pub fn list(&self) -> &[T] {
        &self.list
    }

    /// The values alone, each at its number.
    pub fn into_list(self) -> Vec<T> {
        self.list
    }
}
