//! The SMTP side: accepts connections and runs a dialogue on each.

mod command;
mod line;
mod session;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    fault::{Fault, Faults},
    inbox::Inbox,
};

/// What every session needs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) max_message_bytes: usize,
}

/// Accepts until the task is aborted. While connections are refused the socket is really closed: a
/// client sees what it would see with the server down.
pub(crate) async fn serve(listener: TcpListener, address: SocketAddr, server: Arc<Server>) {
    let mut fault = server.faults.watch();
    let mut sessions = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        let refuse = *fault.borrow_and_update() == Fault::RefuseConnections;
        if refuse && listener.take().is_some() {
            sessions.shutdown().await;
        }
        if !refuse && listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        server.faults.set_listening(listener.is_some());
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None if refuse => std::future::pending().await,
                None => {
                    // The port was taken meanwhile; try again shortly.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Err(std::io::ErrorKind::AddrInUse.into())
                }
            }
        };
        tokio::select! {
            accepted = accept => if let Ok((stream, _)) = accepted {
                server.inbox.count_connection();
                sessions.spawn(session::run(stream, Arc::clone(&server)));
            },
            changed = fault.changed() => if changed.is_err() { return },
            Some(_) = sessions.join_next() => {}
        }
    }
}
