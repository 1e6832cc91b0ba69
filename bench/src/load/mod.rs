//! Load on a server: what is asked of it by how many, and what came of it. The plan and the outcome cross
//! between processes as JSON.

pub(crate) mod latency;
pub(crate) mod process;
mod worker;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::latency::Latency;

/// What a load process does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) server: SocketAddr,
    /// Whose CPU time is read at the beginning and the end of the window.
    pub(crate) server_pid: u32,
    /// One connection each.
    pub(crate) callers: Vec<Caller>,
    pub(crate) work: Work,
    /// Requests a second by all callers together, at even distances; without it each caller asks again as
    /// soon as it was answered.
    pub(crate) rate: Option<f64>,
    /// Before the window.
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
}

/// Who asks over one connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Caller {
    /// As the proxy in front would write it.
    pub(crate) from: String,
    pub(crate) path: String,
    /// `authorization` or `cookie`, and its value.
    pub(crate) credentials: Option<(String, String)>,
    /// For [`Work::Refresh`].
    pub(crate) refresh_token: String,
    /// For [`Work::FirstUse`].
    pub(crate) access_tokens: Vec<String>,
}

/// What each request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// `GET` of the caller's path.
    Read,
    /// The same with each of the caller's access tokens once, until they are used up.
    FirstUse,
    /// Exchanges the caller's refresh token for the next.
    Refresh,
    /// A log-in to an account that does not exist, each time another one from another address.
    WrongLogIn,
}

impl Work {
    /// Any other status ends the measurement: its figures would be about something else.
    fn expects(self, status: u16) -> bool {
        match self {
            Self::Read | Self::FirstUse | Self::Refresh => status == 200,
            Self::WrongLogIn => matches!(status, 401 | 503),
        }
    }
}

/// What happened inside the window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) clients: usize,
    pub(crate) elapsed: Duration,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) latency: Latency,
    pub(crate) server_cpu: Duration,
    pub(crate) client_cpu: Duration,
    /// Access tokens that [`Work::Refresh`] was given, a few for each caller.
    pub(crate) access_tokens: Vec<Vec<String>>,
    /// The last refresh token of each caller.
    pub(crate) refresh_tokens: Vec<String>,
}

impl Taken {
    pub(crate) fn requests(&self) -> u64 {
        self.statuses.values().sum()
    }

    pub(crate) fn per_second(&self) -> f64 {
        count(self.requests()) / self.elapsed.as_secs_f64()
    }

    /// Microseconds of the server's CPU for each request.
    pub(crate) fn server_us(&self) -> f64 {
        self.server_cpu.as_secs_f64() * 1e6 / count(self.requests())
    }

    /// Microseconds of the client's CPU for each request.
    pub(crate) fn client_us(&self) -> f64 {
        self.client_cpu.as_secs_f64() * 1e6 / count(self.requests())
    }
}

/// A number of things to reckon with.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing is counted here that a float does not hold exactly"
)]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}
