//! What was received: kept in memory, bounded, newest first.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use tokio::sync::watch;

use crate::mime::Content;

/// One accepted message.
#[derive(Debug)]
pub struct Message {
    /// Counts up from 1 for as long as the process lives.
    pub id: u64,
    /// When the final dot arrived, RFC 3339 in UTC.
    pub received_at: String,
    /// The reverse path of `MAIL FROM`; empty for a bounce.
    pub envelope_from: String,
    /// The accepted recipients of `RCPT TO`.
    pub recipients: Vec<String>,
    /// The bytes as sent, dots unstuffed, CRLF line ends.
    pub raw: Vec<u8>,
    /// The message taken apart.
    pub content: Content,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Messages stored.
    pub accepted: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Messages or recipients refused or dropped, by fault or by rule.
    pub refused: u64,
}

/// The messages kept and the counters.
#[derive(Debug)]
pub struct Inbox {
    messages: Mutex<VecDeque<Arc<Message>>>,
    capacity: usize,
    accepted: AtomicU64,
    connections: AtomicU64,
    refused: AtomicU64,
    arrived: watch::Sender<u64>,
}

impl Inbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            messages: Mutex::default(),
            capacity: capacity.max(1),
            accepted: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            arrived: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Message>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self, envelope_from: String, recipients: Vec<String>, raw: Vec<u8>) {
        let content = Content::parse(&raw);
        let id = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let message = Message {
            id,
            received_at: wall_clock(),
            envelope_from,
            recipients,
            raw,
            content,
        };
        let mut messages = self.lock();
        messages.push_front(Arc::new(message));
        messages.truncate(self.capacity);
        drop(messages);
        self.arrived.send_modify(|count| *count += 1);
    }

    /// Messages newest first: those addressed to `to` (case does not matter), with an id above `since`.
    pub fn list(&self, to: Option<&str>, since: u64, limit: usize) -> Vec<Arc<Message>> {
        self.lock()
            .iter()
            .filter(|message| message.id > since)
            .filter(|message| to.is_none_or(|to| message.is_to(to)))
            .take(limit)
            .cloned()
            .collect()
    }

    /// One message by its id.
    pub fn get(&self, id: u64) -> Option<Arc<Message>> {
        self.lock().iter().find(|message| message.id == id).cloned()
    }

    /// Forgets all messages; the counters stay.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Waits until at least `count` messages were accepted since the start.
    pub async fn wait_for(&self, count: u64) {
        // An error would mean the sender is gone, but `self` holds it.
        drop(
            self.arrived
                .subscribe()
                .wait_for(|seen| *seen >= count)
                .await,
        );
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        Stats {
            accepted: self.accepted.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

impl Message {
    fn is_to(&self, address: &str) -> bool {
        self.recipients
            .iter()
            .any(|recipient| recipient.eq_ignore_ascii_case(address))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an outside service has its own clock; the kernel's is not visible here"
)]
fn wall_clock() -> String {
    jiff::Timestamp::now().to_string()
}
