//! One connection: served until it is idle for too long, the client leaves or takes nothing, or the server stops.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::patient::Patient;
use crate::Service;
use crate::output::Watch;

/// What a connection is doing.
struct Activity {
    born: Instant,
    requests: AtomicUsize,
    /// Requests whose reply is not handed over yet.
    in_flight: AtomicUsize,
    /// Those of them that are not answered yet.
    working: AtomicUsize,
    /// When a request last began, was answered, or had a piece of its reply taken.
    moved_ms: AtomicU64,
}

/// Counts a request until its reply is handed over, also when it is dropped half way.
struct InFlight(Arc<Activity>);

/// Counts a request until it is answered.
struct Working(Arc<Activity>);

/// How long a connection may go without what is expected of it.
#[derive(Clone, Copy)]
struct Limits {
    head: Duration,
    idle: Duration,
    write: Duration,
}

impl Activity {
    fn new() -> Self {
        Self {
            born: Instant::now(),
            requests: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(0),
        }
    }

    fn begin(self: &Arc<Self>) -> (InFlight, Working) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        self.touch();
        (InFlight(Arc::clone(self)), Working(Arc::clone(self)))
    }

    fn touch(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(now, Ordering::Relaxed);
    }

    /// Asked before, and everything was handed over.
    fn resting(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0 && self.in_flight.load(Ordering::Relaxed) == 0
    }

    /// When to give up on the connection, as things stand; `None` while a request is worked on, which has limits of its
    /// own. A client may wait long between requests, but not long with the head of the first, nor with taking a
    /// reply: an HTTP/2 client that opens no window makes nothing stall on the socket. What was handed over may still
    /// lie in hyper's buffers, so a connection told to end (`stopping`) is given the same time.
    fn deadline(&self, limits: Limits, stopping: Option<Instant>) -> Option<Instant> {
        if self.working.load(Ordering::Relaxed) > 0 {
            return None;
        }
        if self.requests.load(Ordering::Relaxed) == 0 {
            return Some(self.born + limits.head);
        }
        let moved = self.born + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed));
        Some(match stopping {
            _ if !self.resting() => moved + limits.write,
            Some(since) => moved.max(since) + limits.write,
            None => moved + limits.idle,
        })
    }
}

impl Watch for InFlight {
    fn moved(&self) {
        self.0.touch();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.touch();
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) async fn run(
    stream: TcpStream,
    peer: IpAddr,
    service: Service,
    builder: Arc<auto::Builder<TokioExecutor>>,
    mut closed: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection was gone before it began");
        return;
    }
    let config = &service.settings().raw;
    let limits = Limits {
        head: config.header_timeout.get(),
        idle: config.idle_timeout.get(),
        write: config.write_timeout.get(),
    };
    let stream = Patient::new(stream, limits.write);

    let activity = Arc::new(Activity::new());
    let answering = Arc::clone(&activity);
    let answering_service = service.clone();
    let answer = service_fn(move |request| {
        let (service, activity) = (answering_service.clone(), Arc::clone(&answering));
        async move {
            let (in_flight, working) = activity.begin();
            let mut response = service.answer(request, Some(peer)).await;
            drop(working);
            response.body_mut().hold(in_flight);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);

    let mut stopping: Option<Instant> = None;
    loop {
        // Requests begin and end without waking this loop, so it looks again after these times at the latest.
        let look = Instant::now() + limits.idle.min(limits.write);
        let wait = activity
            .deadline(limits, stopping)
            .map_or(look, |end| end.min(look));
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended early");
                }
                return;
            }
            _ = closed.wait_for(|closed| *closed), if stopping.is_none() => {
                stopping = Some(Instant::now());
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(wait) => {
                let now = Instant::now();
                if activity.deadline(limits, stopping).is_none_or(|end| end > now) {
                    continue;
                }
                if stopping.is_some() || !activity.resting() {
                    tracing::debug!("a connection was cut: the client did not send or take anything in time");
                    return;
                }
                stopping = Some(now);
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
