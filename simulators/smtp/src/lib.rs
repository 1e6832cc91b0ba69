//! A mail server for development and tests: it accepts every message, keeps it in memory, shows it on
//! a page and over REST, and on request fails in the ways real mail servers fail.
//!
//! It speaks SMTP by RFC 5321 strictly, so that a client which works here does not work by luck:
//! line ends, line lengths, the order of commands and the declared size are all checked.

mod fault;
mod http;
mod inbox;
mod mime;
mod smtp;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};

pub use fault::{Fault, Faults};
pub use inbox::{Inbox, Message, Stats};
pub use mime::{Attachment, Content};

/// Where to listen and how much to keep.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the SMTP listener; port 0 lets the system choose.
    pub smtp: SocketAddr,
    /// Address of the inbox page and its REST interface; port 0 lets the system choose.
    pub http: SocketAddr,
    /// Largest message accepted, in bytes; announced as `SIZE` (RFC 1870).
    pub max_message_bytes: usize,
    /// Messages kept; older ones are forgotten first.
    pub max_messages: usize,
}

impl Default for Options {
    /// Loopback with ports chosen by the system, 10 MiB per message, 1,000 messages.
    fn default() -> Self {
        Self {
            smtp: SocketAddr::from(([127, 0, 0, 1], 0)),
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            max_message_bytes: 10 * 1024 * 1024,
            max_messages: 1_000,
        }
    }
}

/// Why the simulator could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct StartError {
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// A running simulator; dropping it closes both listeners and every connection.
#[derive(Debug)]
pub struct Simulator {
    smtp: SocketAddr,
    http: SocketAddr,
    inbox: Arc<Inbox>,
    faults: Arc<Faults>,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Binds both listeners and serves them on the current runtime.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let inbox = Arc::new(Inbox::new(options.max_messages));
        let faults = Arc::new(Faults::default());
        let (smtp_listener, smtp) = bind(options.smtp).await?;
        let (http_listener, http) = bind(options.http).await?;
        let server = smtp::Server {
            inbox: Arc::clone(&inbox),
            faults: Arc::clone(&faults),
            max_message_bytes: options.max_message_bytes,
        };
        let page = http::Site {
            inbox: Arc::clone(&inbox),
            faults: Arc::clone(&faults),
        };
        let tasks = vec![
            tokio::spawn(smtp::serve(smtp_listener, smtp, Arc::new(server))),
            tokio::spawn(http::serve(http_listener, Arc::new(page))),
        ];
        Ok(Self {
            smtp,
            http,
            inbox,
            faults,
            tasks,
        })
    }

    /// The bound SMTP address.
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp
    }

    /// The bound address of the page and the REST interface.
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// What has been received.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// All messages kept, newest first.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        self.inbox.list(None, 0, usize::MAX)
    }

    /// Makes the server misbehave from now on; returns once the change is in force.
    pub async fn set_fault(&self, fault: Fault) {
        self.faults.set(fault).await;
    }

    /// Waits until a listener ends, which happens only when the process runs out of something.
    pub async fn join(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            if task.await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
