//! Driving a transaction's closure: to its end at once on SQLite, and on PostgreSQL only while it
//! waits for its own statements. Panics end at the caller on both.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::DbError;

/// Polls exactly once; anything but ready means that the closure awaits something foreign.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Result<T, DbError> {
    let mut future = pin!(future);
    let poll = catch_unwind(AssertUnwindSafe(|| {
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }));
    match poll {
        Ok(Poll::Ready(value)) => Ok(value),
        Ok(Poll::Pending) => Err(DbError::ForeignAwait),
        Err(panic) => Err(DbError::Panicked(panic_text(panic.as_ref()))),
    }
}

/// Awaits a closure that may be pending only while `waiting` says that a statement of its
/// transaction is under way, and no longer than `cap`.
pub(crate) async fn guarded<T>(
    future: impl Future<Output = T>,
    waiting: Arc<AtomicBool>,
    cap: Duration,
) -> Result<T, DbError> {
    let mut future = pin!(future);
    let driven =
        poll_fn(
            move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
                Ok(Poll::Pending) if waiting.load(Ordering::Relaxed) => Poll::Pending,
                Ok(Poll::Pending) => Poll::Ready(Err(DbError::ForeignAwait)),
                Err(panic) => Poll::Ready(Err(DbError::Panicked(panic_text(panic.as_ref())))),
            },
        );
    tokio::time::timeout(cap, driven)
        .await
        .unwrap_or(Err(DbError::Timeout))
}

/// What a panic said, for a log or a message.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
