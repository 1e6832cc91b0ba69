//! A [`Service`](crate::Service) on a socket: HTTP/1.1 and HTTP/2 with prior knowledge on one port, slow and idle
//! clients cut, and a stop that loses nothing that was accepted.

mod connection;
mod patient;
mod peers;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::Service;
use crate::config::Settings;
use peers::Peers;

/// Pause after the system refused a connection for want of resources, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The server of one socket.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Serves until `stop` completes, then drains: readiness turns false, after the configured delay the listener is
    /// closed, idle connections are closed, requests in flight finish within the configured time. Returns the number
    /// of connections that had to be cut because they did not.
    pub async fn serve(
        listener: TcpListener,
        service: Service,
        stop: impl Future<Output = ()> + Send,
    ) -> usize {
        let config = service.settings().raw.clone();
        let builder = Arc::new(builder(service.settings()));
        let slots = Arc::new(Semaphore::new(config.max_connections));
        let peers = Peers::new(service.settings());
        let (closing, closed) = watch::channel(false);
        let mut connections = JoinSet::new();

        let health = service.health().clone();
        let delay = config.drain_delay.get();
        let stop = async {
            stop.await;
            health.drain();
            tokio::time::sleep(delay).await;
        };
        tokio::pin!(stop);

        loop {
            let slot = tokio::select! {
                () = &mut stop => break,
                slot = Arc::clone(&slots).acquire_owned() => match slot {
                    Ok(slot) => slot,
                    Err(_) => break,
                },
            };
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
                Some(ended) = connections.join_next() => {
                    report(ended);
                    continue;
                }
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(place) = peers.admit(peer.ip()) else {
                tracing::debug!(client = %peer.ip(), "one address has as many connections as it may");
                continue;
            };
            let run = connection::run(
                stream,
                peer.ip(),
                service.clone(),
                Arc::clone(&builder),
                closed.clone(),
            );
            connections.spawn(async move {
                run.await;
                drop((slot, place));
            });
        }

        // Those in the system's queue are connected as far as they know.
        while let Some(Ok((stream, peer))) = listener.accept().now_or_never() {
            let (service, builder) = (service.clone(), Arc::clone(&builder));
            connections.spawn(connection::run(
                stream,
                peer.ip(),
                service,
                builder,
                closed.clone(),
            ));
        }
        drop(listener);
        closing.send_replace(true);
        let limit = config.drain_timeout.get();
        let finish = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
        };
        let cut = match tokio::time::timeout(limit, finish).await {
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
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout.get())
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
