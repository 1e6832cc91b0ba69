//! One caller on one connection.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::Method;

use super::{Caller, Left, Plan, Work};
use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection, Reply};

/// Access tokens kept of each caller: enough to measure their first use.
const KEPT: usize = 40;

/// What the callers of a process share.
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) phase: Cell<Phase>,
    /// When the first request is due.
    pub(super) start: Instant,
    pub(super) next: Cell<u64>,
    pub(super) seen: RefCell<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    WarmUp,
    Window,
    Over,
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) latencies: Vec<Duration>,
    pub(super) statuses: BTreeMap<u16, u64>,
}

pub(super) async fn work(
    shared: Rc<Shared>,
    mut caller: Caller,
    mut connection: Connection,
) -> Outcome<Left> {
    let mut gathered = Vec::new();
    let mut unused = std::mem::take(&mut caller.access_tokens).into_iter();
    let mut sent = 0;
    while shared.phase.get() != Phase::Over {
        let number = shared.next.replace(shared.next.get() + 1);
        let since = due(&shared, number).await;
        if shared.phase.get() == Phase::Over {
            break;
        }
        if shared.plan.work == Work::FirstUse {
            let Some(token) = unused.next() else { break };
            caller.credentials = Some(("authorization".to_owned(), format!("Bearer {token}")));
        }
        if let Work::Send(request) = &shared.plan.work {
            if request.each.is_some_and(|each| sent >= each) {
                break;
            }
            sent += 1;
        }
        let reply = ask(&shared.plan, &caller, &mut connection, number).await?;
        let status = reply.status.as_u16();
        if !shared.plan.work.expects(status) {
            let what = format!("a request of {}", caller.path);
            return Err(reply.unexpected(&what));
        }
        if shared.phase.get() == Phase::Window {
            let mut seen = shared.seen.borrow_mut();
            seen.latencies.push(since.elapsed());
            *seen.statuses.entry(status).or_default() += 1;
        }
        caller.version = reply.version();
        if shared.plan.work == Work::Refresh {
            let pair = reply.json()?;
            let text = |name: &str| pair[name].as_str().unwrap_or_default().to_owned();
            caller.refresh_token = text("refresh_token");
            if gathered.len() < KEPT {
                gathered.push(text("access_token"));
            }
        }
    }
    Ok(Left {
        access_tokens: gathered,
        refresh_token: caller.refresh_token,
        version: caller.version,
    })
}

/// Waits until this request is due, and says from when its answer is late. A request that had to wait for a
/// free connection is late from the time it was due: otherwise a server that stalls would look better the
/// longer it stalls.
async fn due(shared: &Shared, number: u64) -> Instant {
    let Some(rate) = shared.plan.rate else {
        return Instant::now();
    };
    let at = shared.start + Duration::from_secs_f64(super::count(number) / rate);
    if at <= Instant::now() {
        return at;
    }
    tokio::time::sleep_until(at.into()).await;
    Instant::now()
}

async fn ask(
    plan: &Plan,
    caller: &Caller,
    connection: &mut Connection,
    number: u64,
) -> Outcome<Reply> {
    let credentials = caller.credentials.as_ref();
    let credentials = credentials.map(|(name, value)| (name.as_str(), value.as_str()));
    let mut ask = Ask {
        method: Method::GET,
        path: &caller.path,
        from: &caller.from,
        credentials,
        version: None,
        json: None,
    };
    match &plan.work {
        Work::Read | Work::FirstUse => connection.send(ask).await,
        Work::Send(request) => {
            let path = request.path(caller, number);
            ask.path = &path;
            ask.method = Method::from_bytes(request.method.as_bytes())
                .map_err(Failure::doing("a method of HTTP"))?;
            if request.versioned {
                ask.version = caller.version.as_deref();
            }
            ask.json = request.text(caller, number);
            connection.send(ask).await
        }
        Work::Refresh => {
            let body = serde_json::json!({ "refresh_token": caller.refresh_token });
            ask.method = Method::POST;
            ask.path = "/api/v1/auth/tokens/refresh";
            ask.credentials = None;
            ask.json = Some(body.to_string());
            connection.send(ask).await
        }
        Work::WrongLogIn => {
            let body = serde_json::json!({
                "email": format!("{}-{number}@example.com", caller.path),
                "password": "wrong-harbour-lantern",
            });
            let [_, a, b, c] = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
            let from = format!("10.{a}.{b}.{c}");
            ask.method = Method::POST;
            ask.path = "/api/v1/auth/sessions";
            ask.from = &from;
            ask.json = Some(body.to_string());
            connection.send(ask).await
        }
    }
}
