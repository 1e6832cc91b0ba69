//! What the clients of a run share: the way to the server, and whether it has been killed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use gantry_testkit::{Answer, Call, Client, SmtpSim};
use tokio::sync::Notify;

use super::dice::Dice;

/// A client may see its connection break a moment before the one who kills has said so.
const NOTICE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(15);

/// What a client has just done, for a kill that wants to come right after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    SignedUp,
    Confirmed,
    Invited,
    Importing,
}

/// Whether a step got anywhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was acknowledged.
    On,
    /// Background work is not ready yet.
    Wait,
    /// Nothing is left to do.
    Over,
    /// The server was killed before it answered; what it did is unknown.
    Lost,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) mail: SmtpSim,
    pub(super) client: Client,
    pub(super) dice: Dice,
    killed: AtomicBool,
    phones: AtomicU32,
    moments: [Notify; 4],
}

impl World {
    pub(super) fn new(mail: SmtpSim, client: Client, dice: Dice) -> Self {
        Self {
            mail,
            client,
            dice,
            killed: AtomicBool::new(false),
            phones: AtomicU32::new(50_000_000),
            moments: std::array::from_fn(|_| Notify::new()),
        }
    }

    /// The next phone number nobody has.
    pub(super) fn phone(&self) -> u32 {
        self.phones.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn set_killed(&self, killed: bool) {
        self.killed.store(killed, Ordering::SeqCst);
    }

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }

    pub(super) fn tell(&self, moment: Moment) {
        self.moments[moment as usize].notify_waiters();
    }

    /// Waits until some client has done this, from now on.
    pub(super) async fn next(&self, moment: Moment) {
        self.moments[moment as usize].notified().await;
    }

    /// The answer, or `None` when the server was killed instead of answering. One that breaks a
    /// connection while it is alive fails the run.
    pub(super) async fn ask(&self, call: Call) -> Option<Answer> {
        let error = match call.send().await {
            Ok(answer) => return Some(answer),
            Err(error) => error,
        };
        let told = tokio::time::timeout(NOTICE, async {
            while !self.is_killed() {
                tokio::time::sleep(PAUSE).await;
            }
        });
        assert!(
            told.await.is_ok(),
            "a living server broke a connection: {error:?}"
        );
        None
    }

    /// Between two looks at something that is not ready.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }
}
