//! A [`Service`] on a socket: HTTP/1.1 and HTTP/2 with prior knowledge on one port, slow and idle
//! clients cut, and a stop that loses nothing that was accepted.

mod activity;
mod connection;
mod operations;
mod patient;
mod peers;
mod turnstile;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, unconstrained};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

pub use operations::Operations;

use crate::Service;
use crate::config::Settings;
use connection::Phase;
use peers::Peers;

/// Pause after the system refused a connection for want of resources, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Time for the last step of connections being made when the listener closes: a journey around the world.
const HANDSHAKE: Duration = Duration::from_millis(250);

/// The server of one socket.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Serves until `stop` completes, then drains: readiness turns false and answers ask clients to leave; after the
    /// configured delay nobody new is let in, idle connections are closed once no request came on them for the
    /// configured time, and requests in flight finish within theirs. Returns the number of connections that had to be
    /// cut because they did not.
    ///
    /// Every request is answered, or its connection was refused, but for one case: HTTP/1.1 has no way to close an idle
    /// connection that a request could not cross on the way.
    pub async fn serve(
        listener: TcpListener,
        service: Service,
        stop: impl Future<Output = ()> + Send,
    ) -> usize {
        let config = service.settings().raw.clone();
        let health = service.health().clone();
        let (phase, phases) = watch::channel(Phase::Serving);
        let mut door = Door::new(listener, service, phases);

        door.serve_until(stop).await;
        health.drain();
        phase.send_replace(Phase::Draining);
        door.serve_until(sleep(config.drain_delay.get())).await;

        phase.send_replace(Phase::Closing);
        let limit = Instant::now() + config.drain_timeout.get();
        match turnstile::shut(&door.listener) {
            Ok(()) => {
                let end = limit.min(Instant::now() + HANDSHAKE);
                door.serve_until(sleep_until(end)).await;
            }
            Err(error) => {
                tracing::debug!(%error, "connections being made right now will be reset");
            }
        }
        let mut connections = door.close();
        let finish = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
        };
        let cut = match timeout_at(limit, finish).await {
            Ok(()) => 0,
            Err(_) => connections.len(),
        };
        if cut > 0 {
            tracing::warn!(
                connections = cut,
                "requests in flight did not finish in time"
            );
        }
        connections.shutdown().await;
        cut
    }
}

/// Where connections come in, and those that are there.
struct Door {
    listener: TcpListener,
    service: Service,
    phases: watch::Receiver<Phase>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    slots: Arc<Semaphore>,
    peers: Arc<Peers>,
    connections: JoinSet<()>,
}

impl Door {
    fn new(listener: TcpListener, service: Service, phases: watch::Receiver<Phase>) -> Self {
        let settings = service.settings();
        Self {
            listener,
            phases,
            builder: Arc::new(builder(settings)),
            slots: Arc::new(Semaphore::new(settings.raw.max_connections)),
            peers: Peers::new(settings),
            connections: JoinSet::new(),
            service,
        }
    }

    /// Lets connections in until `end` completes.
    async fn serve_until(&mut self, end: impl Future<Output = ()> + Send) {
        tokio::pin!(end);
        loop {
            let slot = tokio::select! {
                () = &mut end => return,
                slot = Arc::clone(&self.slots).acquire_owned() => match slot {
                    Ok(slot) => slot,
                    Err(_) => return,
                },
            };
            let accepted = tokio::select! {
                () = &mut end => return,
                accepted = self.listener.accept() => accepted,
                Some(ended) = self.connections.join_next() => {
                    report(ended);
                    continue;
                }
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, slot),
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves a connection that has `held` until its end.
    fn admit(&mut self, stream: TcpStream, peer: SocketAddr, held: impl Send + 'static) {
        let Some(place) = self.peers.admit(peer.ip()) else {
            tracing::debug!(client = %peer.ip(), "one address has as many connections as it may");
            return;
        };
        let run = connection::run(
            stream,
            peer.ip(),
            self.service.clone(),
            Arc::clone(&self.builder),
            self.phases.clone(),
        );
        self.connections.spawn(async move {
            run.await;
            drop((held, place));
        });
    }

    /// Closes the listener. Those in the system's queue are connected as far as they know, so they are still let in.
    fn close(mut self) -> JoinSet<()> {
        while let Some(Ok((stream, peer))) = unconstrained(self.listener.accept()).now_or_never() {
            self.admit(stream, peer, ());
        }
        self.connections
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(error = %error, "a connection task panicked");
    }
}

fn builder(settings: &Settings) -> auto::Builder<TokioExecutor> {
    // The parser refuses by itself, without a problem document, beyond these; the pipeline refuses earlier, with one.
    let config = &settings.raw;
    let head_buffer = settings
        .max_header
        .saturating_add(settings.max_uri)
        .saturating_mul(2);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // It would also count the time between requests; the connection's own watch does not.
        .header_read_timeout(None)
        .max_buf_size(head_buffer.max(16 * 1024))
        .half_close(false)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_streams)
        .max_header_list_size(u32::try_from(head_buffer).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(Some(64))
        .max_local_error_reset_streams(Some(256))
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}
