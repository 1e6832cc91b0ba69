//! Being asked to stop: the first request drains, the second one does not wait.

use tokio::sync::watch;

/// Asks a process to stop. Clones ask the same process.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<u32>);

impl Stopper {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Asks; the second time means "now".
    pub fn ask(&self) {
        self.0.send_modify(|times| *times += 1);
    }

    /// Asks whenever the operating system does: SIGTERM (service managers), SIGINT (Ctrl-C).
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let mut signals = signal(kind)?;
            let stopper = self.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    stopper.ask();
                }
            });
        }
        Ok(())
    }

    /// Waits until somebody has asked this often.
    pub(crate) async fn asked(&self, times: u32) {
        // The sender cannot be gone: self holds it.
        drop(self.0.subscribe().wait_for(|asked| *asked >= times).await);
    }
}

impl Default for Stopper {
    fn default() -> Self {
        Self::new()
    }
}
