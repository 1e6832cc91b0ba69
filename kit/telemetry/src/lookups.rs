//! How often a cache had the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Family, Kind, Source, Value};

/// The counts of one cache.
#[derive(Debug)]
pub struct Lookups {
    cache: &'static str,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Lookups {
    /// Of a cache by its name, such as `sessions`.
    pub fn new(cache: &'static str) -> Arc<Self> {
        Arc::new(Self {
            cache,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        })
    }

    /// Counts one.
    pub fn count(&self, found: bool) {
        let counter = if found { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Source for Lookups {
    fn families(&self) -> Vec<Family> {
        let family = |name, help, counter: &AtomicU64| {
            let mut family = Family::new(Kind::Counter, name, help);
            let count = Value::Count(counter.load(Ordering::Relaxed));
            family.push([("cache_type", self.cache.into())], count);
            family
        };
        vec![
            family(
                "cache_hits_total",
                "Look-ups that a cache could answer",
                &self.hits,
            ),
            family(
                "cache_misses_total",
                "Look-ups that a cache could not answer",
                &self.misses,
            ),
        ]
    }
}
