//! How many connections each address holds, so that no single one can take all there are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::config::Settings;
use crate::limit::Subject;

/// The open connections by address.
pub(super) struct Peers {
    most: usize,
    /// Proxies carry everybody's connections.
    exempt: Vec<IpNet>,
    open: Mutex<HashMap<Subject, usize>>,
}

/// One connection's place, given back when dropped; `None` for an address that is not counted.
pub(super) struct Place(Option<(Arc<Peers>, Subject)>);

impl Peers {
    pub(super) fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            most: settings.raw.max_connections_per_address,
            exempt: settings.proxies.clone(),
            open: Mutex::default(),
        })
    }

    /// A place for one more connection of `ip`, unless it has as many as it may.
    pub(super) fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let plain = ip.to_canonical();
        if self.exempt.iter().any(|net| net.contains(&plain)) {
            return Some(Place(None));
        }
        let subject = Subject::address(ip);
        let mut open = self.open();
        let count = open.entry(subject.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place(Some((Arc::clone(self), subject))))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Subject, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((peers, subject)) = &self.0 else {
            return;
        };
        let mut open = peers.open();
        if let Some(count) = open.get_mut(subject) {
            *count -= 1;
            if *count == 0 {
                open.remove(subject);
            }
        }
    }
}
