//! The ways in which the server can be told to fail, and how long each lasts.

use std::{collections::HashMap, sync::Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// One way to misbehave. As JSON: `{"mode": "greylist", "count": 2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Behave.
    None,
    /// Close the listening socket and cut what is open, so that connecting is refused.
    RefuseConnections,
    /// Answer the first `count` attempts for each recipient with 451.
    Greylist {
        /// Attempts refused per recipient.
        #[serde(default = "one")]
        count: u32,
    },
    /// Refuse every recipient for good with 550.
    RejectRcpt,
    /// Answer `MAIL` with 421 (and close) or 451 (and stay).
    TempFail {
        /// 421 or 451.
        #[serde(default = "code_451")]
        code: u16,
        /// Transactions to fail before behaving again; none means until told otherwise.
        #[serde(default)]
        times: Option<u32>,
    },
    /// Refuse the finished message for good with 554.
    RejectData,
    /// Take the message, keep nothing, and cut the connection before the reply.
    DropAfterData {
        /// Messages to drop before behaving again; none means until told otherwise.
        #[serde(default)]
        times: Option<u32>,
    },
    /// Take and keep the message, then cut the connection before the reply: the client cannot know.
    AcceptThenDrop {
        /// Messages to treat so before behaving again; none means until told otherwise.
        #[serde(default)]
        times: Option<u32>,
    },
    /// Wait before every reply.
    Slow {
        /// The wait in milliseconds.
        millis: u64,
    },
}

fn one() -> u32 {
    1
}

fn code_451() -> u16 {
    451
}

impl Fault {
    fn times(&mut self) -> Option<&mut u32> {
        match self {
            Self::TempFail { times, .. }
            | Self::DropAfterData { times }
            | Self::AcceptThenDrop { times } => times.as_mut(),
            _ => None,
        }
    }
}

/// The fault in force, shared by all sessions.
#[derive(Debug)]
pub struct Faults {
    current: watch::Sender<Fault>,
    /// Whether the listener is open, as told by the accept loop.
    listening: watch::Sender<bool>,
    greylisted: Mutex<HashMap<String, u32>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            current: watch::Sender::new(Fault::None),
            listening: watch::Sender::new(true),
            greylisted: Mutex::default(),
        }
    }
}

impl Faults {
    /// The fault in force now.
    pub fn current(&self) -> Fault {
        *self.current.borrow()
    }

    /// Puts a fault in force and forgets who was greylisted; returns once the listener agrees.
    pub async fn set(&self, fault: Fault) {
        if let Ok(mut seen) = self.greylisted.lock() {
            seen.clear();
        }
        let listening = fault != Fault::RefuseConnections;
        let mut state = self.listening.subscribe();
        self.current.send_replace(fault);
        // An error means the accept loop is gone, and then there is nothing to wait for.
        drop(state.wait_for(|open| *open == listening).await);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Fault> {
        self.current.subscribe()
    }

    pub(crate) fn set_listening(&self, open: bool) {
        self.listening.send_replace(open);
    }

    /// Takes one use of the current fault if `wanted` says it applies here.
    pub(crate) fn take(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut taken = None;
        self.current.send_if_modified(|fault| {
            if !wanted(fault) {
                return false;
            }
            taken = Some(*fault);
            let Some(times) = fault.times() else {
                return false;
            };
            *times = times.saturating_sub(1);
            let spent = *times == 0;
            if spent {
                *fault = Fault::None;
            }
            spent
        });
        taken
    }

    /// Counts an attempt for a recipient and says whether it is still to be put off.
    pub(crate) fn greylist(&self, recipient: &str) -> bool {
        let Fault::Greylist { count } = self.current() else {
            return false;
        };
        let Ok(mut seen) = self.greylisted.lock() else {
            return false;
        };
        let attempts = seen.entry(recipient.to_ascii_lowercase()).or_insert(0);
        *attempts = attempts.saturating_add(1);
        *attempts <= count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_wears_off() {
        let faults = Faults::default();
        faults
            .current
            .send_replace(Fault::AcceptThenDrop { times: Some(2) });
        let applies = |fault: &Fault| matches!(fault, Fault::AcceptThenDrop { .. });
        assert!(faults.take(applies).is_some());
        assert!(faults.take(applies).is_some());
        assert!(faults.take(applies).is_none());
        assert_eq!(faults.current(), Fault::None);
    }

    #[test]
    fn json_names_are_the_documented_ones() {
        let fault: Fault =
            serde_json::from_str(r#"{"mode":"temp_fail","code":421,"times":1}"#).unwrap();
        assert_eq!(
            fault,
            Fault::TempFail {
                code: 421,
                times: Some(1)
            }
        );
        assert!(serde_json::from_str::<Fault>(r#"{"mode":"typo"}"#).is_err());
    }
}
