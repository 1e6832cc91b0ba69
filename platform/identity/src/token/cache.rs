//! Access tokens that were verified before, by hash, until they expire or their key is accepted no more.
//!
//! Verifying Ed25519 costs about 0.1 ms, which would be most of an authenticated read. Two generations
//! bound the memory without a queue: when the young one is full it becomes the old one, and what is
//! still in use is carried over.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// A bounded map that forgets what was not used for a while.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    half: usize,
    maps: Mutex<Halves<K, V>>,
}

#[derive(Debug)]
struct Halves<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Generations<K, V> {
    /// A map of at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        let half = (capacity / 2).max(1);
        Self {
            half,
            maps: Mutex::new(Halves {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
        }
    }

    /// The value of `key`, if it is still known.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = maps.young.get(key) {
            return Some(value.clone());
        }
        let value = maps.old.remove(key)?;
        self.put(&mut maps, key.clone(), value.clone());
        Some(value)
    }

    /// Remembers a value.
    pub(crate) fn insert(&self, key: K, value: V) {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(&mut maps, key, value);
    }

    /// Forgets one value.
    pub(crate) fn remove(&self, key: &K) {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        maps.young.remove(key);
        maps.old.remove(key);
    }

    fn put(&self, maps: &mut Halves<K, V>, key: K, value: V) {
        if maps.young.len() >= self.half && !maps.young.contains_key(&key) {
            maps.old = std::mem::take(&mut maps.young);
        }
        maps.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let cache = Generations::new(100);
        cache.insert(0, "kept");
        for n in 1..10_000 {
            cache.insert(n, "passing");
            assert_eq!(cache.get(&0), Some("kept"), "after {n}");
        }
        let maps = cache.maps.lock().unwrap();
        assert!(maps.young.len() + maps.old.len() <= 100);
    }

    #[test]
    fn half_of_its_bound_is_kept_whole() {
        let cache = Generations::new(100);
        for n in 0..50 {
            cache.insert(n, ());
        }
        assert_eq!((0..50).filter_map(|n| cache.get(&n)).count(), 50);
    }

    #[test]
    fn what_is_removed_is_gone_from_both_generations() {
        let cache = Generations::new(2);
        cache.insert(1, ());
        cache.insert(2, ());
        cache.insert(3, ());
        cache.remove(&1);
        cache.remove(&3);
        assert_eq!((cache.get(&1), cache.get(&3)), (None, None));
    }
}
