//! Values that many targets share, such as a compiled pattern, and that end with the last of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::failure::Failure;

/// Values by what they are made from.
pub(super) struct Shared<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone, V> Shared<K, V> {
    /// The value of a key, made if nobody has it.
    pub(super) fn get(
        &self,
        key: &K,
        make: impl FnOnce() -> Result<Arc<V>, Failure>,
    ) -> Result<Arc<V>, Failure> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = all.get(key).and_then(Weak::upgrade) {
            return Ok(value);
        }
        let value = make()?;
        // Seldom, for each look takes as long as there are values.
        if all.len().is_power_of_two() {
            all.retain(|_, value| value.strong_count() > 0);
        }
        all.insert(key.clone(), Arc::downgrade(&value));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_while_somebody_has_it_and_forgotten_afterwards() {
        let shared = Shared::<u32, u32>::default();
        let first = shared.get(&1, || Ok(Arc::new(10))).unwrap();
        let second = shared.get(&1, || Err(Failure::Refused)).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        drop((first, second));
        assert_eq!(shared.get(&1, || Err(Failure::Refused)), Err(Failure::Refused));
        for key in 0..100 {
            shared.get(&key, || Ok(Arc::new(key))).unwrap();
        }
        assert!(shared.0.lock().unwrap().len() < 3);
    }
}
