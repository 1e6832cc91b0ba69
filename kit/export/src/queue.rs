//! A bounded queue, and the task that sends what is in it. Whoever puts something in never waits.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gantry_telemetry::{Family, Kind, Source, Value};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// What became of what was told.
#[derive(Debug)]
pub struct Counts {
    signal: &'static str,
    sent: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    pub(crate) fn new(signal: &'static str) -> Arc<Self> {
        Arc::new(Self {
            signal,
            sent: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    pub(crate) fn sent(&self, items: usize) {
        add(&self.sent, items);
    }

    /// There was no room for them, or they were too many.
    pub(crate) fn dropped(&self, items: usize) {
        add(&self.dropped, items);
    }

    /// The other side did not take them.
    pub(crate) fn failed(&self, items: usize) {
        add(&self.failed, items);
    }
}

fn add(counter: &AtomicU64, items: usize) {
    let items = u64::try_from(items).unwrap_or(u64::MAX);
    counter.fetch_add(items, Ordering::Relaxed);
}

impl Source for Counts {
    fn families(&self) -> Vec<Family> {
        let mut family = Family::new(
            Kind::Counter,
            "telemetry_exported_total",
            "Spans, log records and errors by what became of them: sent, dropped for want of room, failed",
        );
        for (outcome, counter) in [
            ("sent", &self.sent),
            ("dropped", &self.dropped),
            ("failed", &self.failed),
        ] {
            let labels = [("signal", self.signal.into()), ("outcome", outcome.into())];
            family.push(labels, Value::Count(counter.load(Ordering::Relaxed)));
        }
        vec![family]
    }
}

/// The end where things are put in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    sender: mpsc::Sender<T>,
    counts: Arc<Counts>,
}

impl<T> Queue<T> {
    /// Puts it in, or drops and counts it.
    pub(crate) fn put(&self, item: T) {
        if self.sender.try_send(item).is_err() {
            self.counts.dropped(1);
        }
    }

    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }
}

/// The task that sends.
#[derive(Debug)]
pub(crate) struct Task {
    end: Arc<Notify>,
    handle: JoinHandle<()>,
}

impl Task {
    pub(crate) fn ask_to_end(&self) {
        self.end.notify_one();
    }

    pub(crate) async fn ended(&mut self) {
        // A panic of the task was told where it happened.
        (&mut self.handle).await.ok();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end.notify_one();
    }
}

/// How much goes into one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) room: usize,
    pub(crate) most: usize,
    pub(crate) every: Duration,
}

/// Starts a task that hands what is put in to `send`, in order, in batches that are full or old enough.
pub(crate) fn start<T, F, R>(counts: Arc<Counts>, batch: Batch, mut send: F) -> (Queue<T>, Task)
where
    T: Send + 'static,
    F: FnMut(Vec<T>) -> R + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let (sender, mut receiver) = mpsc::channel(batch.room.max(1));
    let end = Arc::new(Notify::new());
    let asked = Arc::clone(&end);
    let handle = tokio::spawn(async move {
        let mut ending = false;
        while !ending {
            let mut items = Vec::new();
            tokio::select! {
                count = receiver.recv_many(&mut items, batch.most) => if count == 0 { return },
                () = asked.notified() => ending = true,
            }
            if !ending && items.len() < batch.most {
                tokio::select! {
                    () = tokio::time::sleep(batch.every) => {}
                    () = asked.notified() => ending = true,
                }
            }
            while let Ok(item) = receiver.try_recv() {
                items.push(item);
                if items.len() >= batch.most {
                    send(std::mem::take(&mut items)).await;
                }
            }
            if !items.is_empty() {
                send(items).await;
            }
        }
    });
    (Queue { sender, counts }, Task { end, handle })
}
