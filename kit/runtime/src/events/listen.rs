//! Hearing of what other processes relayed.

use std::time::Duration;

use gantry_db::Databases;
use gantry_events::{CHANNEL, Hub};

/// Between two attempts to hear.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes this process's readers for what others relay, for as long as it is polled. While nothing can be heard, readers look
/// for themselves, more often.
pub(crate) async fn hear(databases: Databases, hub: Hub) {
    let mut complained = false;
    loop {
        match databases.notices(CHANNEL).await {
            Ok(None) => return,
            Ok(Some(mut notices)) => {
                complained = false;
                hub.set_hearing(true);
                // What was said before is lost.
                hub.wake_all();
                while let Some(whom) = notices.next().await {
                    hub.wake(&whom);
                }
                hub.set_hearing(false);
                hub.wake_all();
            }
            Err(error) if complained => tracing::debug!(%error, "still deaf to other processes"),
            Err(error) => {
                complained = true;
                tracing::warn!(%error, "events of other processes are looked for instead of heard");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
