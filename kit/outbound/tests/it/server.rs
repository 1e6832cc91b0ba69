//! A server that answers every connection with the same bytes and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `None`: it never answers.
    pub(crate) async fn start(answer: Option<String>) -> Self {
        Self::listen(answer, None).await
    }

    pub(crate) async fn over_tls(answer: &str, acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(answer.to_owned()), Some(acceptor)).await
    }

    async fn listen(answer: Option<String>, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, heard) = (answer.clone(), Arc::clone(&heard));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, answer, heard).await,
                        Some(acceptor) => {
                            // A client that does not trust us goes away in the handshake.
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, answer, heard).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: Option<String>,
    heard: Arc<Mutex<Vec<String>>>,
) {
    let mut request = Vec::new();
    let mut part = [0_u8; 4096];
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    heard.lock().unwrap().push(text);
    let Some(answer) = answer else {
        std::future::pending::<()>().await;
        return;
    };
    // The client may have gone away in the middle: that is what some tests are about.
    if stream.write_all(answer.as_bytes()).await.is_ok() {
        stream.shutdown().await.ok();
    }
}

/// An answer with a JSON body.
pub(crate) fn json(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
