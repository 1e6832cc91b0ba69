//! One connection: served until it is idle for too long, the client leaves or takes nothing, or the server stops.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Version};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::activity::{Activity, Limits, Wish};
use super::patient::Patient;
use crate::Service;

/// How far a server is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Answers ask clients to leave; whoever comes is served.
    Draining,
    /// Connections that ask for nothing are closed.
    Closing,
}

pub(super) async fn run(
    stream: TcpStream,
    peer: IpAddr,
    service: Service,
    builder: Arc<auto::Builder<TokioExecutor>>,
    mut phase: watch::Receiver<Phase>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection was gone before it began");
        return;
    }
    let limits = Limits::new(&service.settings().raw);
    let activity = Arc::new(Activity::new());
    let stream = Patient::new(stream, limits.write, Arc::clone(&activity));

    let answering = Arc::clone(&activity);
    let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (service, activity) = (service.clone(), Arc::clone(&answering));
        async move {
            let http2 = request.version() == Version::HTTP_2;
            let (in_flight, working) = activity.begin(http2);
            let mut response = service.answer(request, Some(peer)).await;
            // A client that is told leaves by itself, and no request of it meets a closed connection.
            if service.health().draining() && !http2 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            drop(working);
            response.body_mut().hold(in_flight);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);

    let mut wish = Wish::default();
    loop {
        let now = Instant::now();
        let phase_now = *phase.borrow_and_update();
        if phase_now == Phase::Closing {
            wish.closing.get_or_insert(now);
        }
        // HTTP/2 has a way to say so that loses nothing (RFC 9113, section 6.8).
        let mut tell = phase_now >= Phase::Draining && activity.http2();
        let deadline = activity.deadline(limits, wish);
        if deadline.is_some_and(|end| end <= now) {
            let idle = activity.resting() || wish.closing.is_some();
            if wish.told.is_some() || activity.hearing() || !idle {
                tracing::debug!(
                    "a connection was cut: the client did not send or take anything in time"
                );
                return;
            }
            tell = true;
        }
        if tell && wish.told.is_none() {
            wish.told = Some(now);
            connection.as_mut().graceful_shutdown();
        }

        let look = now + limits.shortest(phase_now > Phase::Serving);
        let wait = activity
            .deadline(limits, wish)
            .map_or(look, |end| end.min(look));
        tokio::select! {
            // What the client has sent is read before anybody decides that it sent nothing.
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended early");
                }
                return;
            }
            Ok(()) = phase.changed() => {}
            () = tokio::time::sleep_until(wait) => {}
        }
    }
}
