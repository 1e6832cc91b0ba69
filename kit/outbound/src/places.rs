//! How many requests are under way: a slow host must not take the room of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::OutboundError;

/// Requests at once in this process.
const ALL: usize = 64;
/// Requests at once to one host.
const PER_HOST: usize = 8;

#[derive(Default)]
struct Taken {
    all: usize,
    hosts: HashMap<String, usize>,
}

/// Room for requests.
#[derive(Clone, Default)]
pub(crate) struct Places(Arc<Mutex<Taken>>);

/// Room for one request, given back when it is dropped.
pub(crate) struct Place {
    places: Places,
    host: String,
}

impl Places {
    pub(crate) fn take(&self, host: &str) -> Result<Place, OutboundError> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = taken.hosts.get(host).copied().unwrap_or_default();
        if taken.all >= ALL || there >= PER_HOST {
            return Err(OutboundError::Busy);
        }
        taken.all += 1;
        taken.hosts.insert(host.to_owned(), there + 1);
        drop(taken);
        Ok(Place {
            places: self.clone(),
            host: host.to_owned(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(there) = taken.hosts.get_mut(&self.host) {
            *there -= 1;
            if *there == 0 {
                taken.hosts.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_does_not_take_the_room_of_all() {
        let places = Places::default();
        let slow: Vec<Place> = (0..PER_HOST)
            .map(|_| places.take("slow.example").unwrap())
            .collect();
        assert!(matches!(
            places.take("slow.example"),
            Err(OutboundError::Busy)
        ));
        let mut others: Vec<Place> = (PER_HOST..ALL)
            .map(|n| places.take(&format!("host-{n}.example")).unwrap())
            .collect();
        assert!(matches!(
            places.take("one-more.example"),
            Err(OutboundError::Busy)
        ));
        drop(slow);
        others.push(places.take("slow.example").unwrap());
        drop(others);
        let taken = places.0.lock().unwrap();
        assert_eq!((taken.all, taken.hosts.len()), (0, 0));
    }
}
