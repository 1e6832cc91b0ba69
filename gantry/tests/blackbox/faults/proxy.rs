//! A wire between Gantry and PostgreSQL that can be cut: the server behind it belongs to all tests.

use std::sync::Arc;

use gantry_testkit::postgres_url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Carries everything.
    Whole,
    /// Open connections are cut and new ones refused: the server is down.
    Cut,
    /// Nothing arrives any more and nobody says so: the network is gone.
    Silent,
}

/// A running proxy; ends with the test's runtime.
pub(crate) struct Proxy {
    address: String,
    wire: watch::Sender<Wire>,
    listening: watch::Receiver<bool>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port for the proxy");
        let address = listener
            .local_addr()
            .expect("the proxy's address")
            .to_string();
        let (wire, seen) = watch::channel(Wire::Whole);
        let (told, listening) = watch::channel(true);
        tokio::spawn(accept(
            listener,
            address.clone(),
            Arc::new(authority()),
            seen,
            told,
        ));
        Self {
            address,
            wire,
            listening,
        }
    }

    /// The same database by way of the proxy.
    pub(crate) fn url(&self, direct: &str) -> String {
        let by_proxy = direct.replacen(&authority(), &self.address, 1);
        assert_ne!(
            by_proxy,
            direct,
            "{direct} does not lead to {}",
            authority()
        );
        by_proxy
    }

    /// Returns once it holds.
    pub(crate) async fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
        let mut listening = self.listening.clone();
        let open = wire != Wire::Cut;
        listening
            .wait_for(|now| *now == open)
            .await
            .expect("the proxy runs");
    }
}

/// Host and port of the tests' PostgreSQL.
fn authority() -> String {
    let url = postgres_url();
    let rest = url.split("://").nth(1).unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

async fn accept(
    listener: TcpListener,
    address: String,
    upstream: Arc<String>,
    mut wire: watch::Receiver<Wire>,
    told: watch::Sender<bool>,
) {
    let mut listener = Some(listener);
    loop {
        let now = *wire.borrow_and_update();
        if now == Wire::Cut {
            listener = None;
        } else if listener.is_none() {
            listener = Some(
                TcpListener::bind(&address)
                    .await
                    .expect("the proxy's port again"),
            );
        }
        told.send_replace(listener.is_some());
        let Some(open) = &listener else {
            if wire.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                let (stream, _) = accepted.expect("a connection to the proxy");
                tokio::spawn(carry(stream, Arc::clone(&upstream), wire.clone()));
            }
            changed = wire.changed() => if changed.is_err() { return },
        }
    }
}

/// Both directions of one connection, until either side or the wire ends it.
async fn carry(near: TcpStream, upstream: Arc<String>, mut wire: watch::Receiver<Wire>) {
    let Ok(far) = TcpStream::connect(upstream.as_str()).await else {
        return;
    };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = pump(near_in, far_out, wire.clone()) => {}
        () = pump(far_in, near_out, wire.clone()) => {}
        _ = wire.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut wire: watch::Receiver<Wire>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if wire.wait_for(|wire| *wire == Wire::Whole).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
