//! Load on a server: what is asked of it by how many, and what came of it. The plan and the outcome cross
//! between processes as JSON.

pub(crate) mod latency;
pub(crate) mod process;
mod worker;

use std::borrow::Cow;
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
    pub(crate) name: String,
    /// The version of what is at the path, for [`Request::versioned`].
    pub(crate) version: Option<String>,
    /// For [`Work::Refresh`].
    pub(crate) refresh_token: String,
    /// For [`Work::FirstUse`].
    pub(crate) access_tokens: Vec<String>,
}

/// What each request is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// `GET` of the caller's path.
    Read,
    /// The same with each of the caller's access tokens once, until they are used up.
    FirstUse,
    /// Exchanges the caller's refresh token for the next.
    Refresh,
    /// A log-in to an account that does not exist, each time another one from another address.
    WrongLogIn,
    /// Any request.
    Send(Request),
}

/// One kind of request, to the caller's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    method: String,
    /// What it is answered with.
    status: u16,
    /// JSON in which `{n}` stands for what no other request has, and `{name}` for the caller's name.
    body: Option<String>,
    /// What `{id}` in the path stands for: one after another.
    ids: Vec<String>,
    /// Whether each request names the version (`ETag`) that the one before was answered with.
    versioned: bool,
    /// How many each caller sends. The window then lasts from the first to the last answer of all.
    each: Option<usize>,
}

impl Request {
    pub(crate) fn new(method: &str, status: u16) -> Self {
        Self {
            method: method.to_owned(),
            status,
            body: None,
            ids: Vec::new(),
            versioned: false,
            each: None,
        }
    }

    pub(crate) fn body(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string());
        self
    }

    pub(crate) fn ids(mut self, ids: Vec<String>) -> Self {
        self.ids = ids;
        self
    }

    pub(crate) fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    pub(crate) fn each(mut self, each: usize) -> Self {
        self.each = Some(each);
        self
    }

    pub(crate) fn work(self) -> Work {
        Work::Send(self)
    }

    /// The path of the request with this number.
    fn path<'a>(&self, caller: &'a Caller, number: u64) -> Cow<'a, str> {
        let many = u64::try_from(self.ids.len()).unwrap_or_default();
        let Some(at) = number.checked_rem(many) else {
            return Cow::Borrowed(&caller.path);
        };
        let id = usize::try_from(at).ok().and_then(|at| self.ids.get(at));
        Cow::Owned(caller.path.replace("{id}", id.map_or("", String::as_str)))
    }

    fn text(&self, caller: &Caller, number: u64) -> Option<String> {
        let text = self.body.as_ref()?.replace("{name}", &caller.name);
        Some(text.replace("{n}", &format!("{}-{number}", std::process::id())))
    }
}

impl Work {
    /// Any other status ends the measurement: its figures would be about something else.
    fn expects(&self, status: u16) -> bool {
        match self {
            Self::Read | Self::FirstUse | Self::Refresh => status == 200,
            Self::WrongLogIn => matches!(status, 401 | 503),
            Self::Send(request) => status == request.status,
        }
    }

    /// Whether it ends by itself; then every request counts, and there is nothing to warm up with.
    fn is_finite(&self) -> bool {
        match self {
            Self::FirstUse => true,
            Self::Send(request) => request.each.is_some(),
            Self::Read | Self::Refresh | Self::WrongLogIn => false,
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
    /// What each caller has at the end.
    pub(crate) left: Vec<Left>,
}

/// What a caller has when a load is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Left {
    /// The first access tokens that [`Work::Refresh`] was given.
    pub(crate) access_tokens: Vec<String>,
    pub(crate) refresh_token: String,
    pub(crate) version: Option<String>,
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

/// The middle value of a figure over all rounds.
pub(crate) fn middle(rounds: &[Taken], figure: impl Fn(&Taken) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
