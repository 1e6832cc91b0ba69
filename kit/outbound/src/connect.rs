//! From a host name to a connection: resolved once, judged, and connected to what was judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::address::not_public;
use crate::settings::Allowed;
use crate::{OutboundError, OutboundSettings};

/// Addresses of one host that are tried.
const TRIED: usize = 4;

/// Who knows the addresses of names; tests bring their own.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a host.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// The addresses that `url` may be requested at. Every address of the host is judged, not only the first: which
/// one would be used is up to whoever answers for the name.
pub(crate) async fn addresses(
    url: &Url,
    allowed: &[Allowed],
    resolver: &dyn Resolve,
) -> Result<Vec<SocketAddr>, OutboundError> {
    let port = url
        .port_or_known_default()
        .ok_or(OutboundError::Address("it has no port"))?;
    let (host, found) = match url.host() {
        Some(Host::Ipv4(address)) => (address.to_string(), vec![IpAddr::V4(address)]),
        Some(Host::Ipv6(address)) => (address.to_string(), vec![IpAddr::V6(address)]),
        Some(Host::Domain(name)) => {
            let found = resolver.resolve(name).await;
            let found = found.map_err(|_| OutboundError::Unresolved(name.to_owned()))?;
            (name.to_owned(), found)
        }
        None => return Err(OutboundError::Address("it has no host")),
    };
    for address in &found {
        judge(url, &host, *address, allowed)?;
    }
    if found.is_empty() {
        return Err(OutboundError::Unresolved(host));
    }
    let found = found.into_iter().take(TRIED);
    Ok(found
        .map(|address| SocketAddr::new(address, port))
        .collect())
}

fn judge(url: &Url, host: &str, address: IpAddr, allowed: &[Allowed]) -> Result<(), OutboundError> {
    let why = not_public(address);
    if let Some(why) = why
        && !allowed.iter().any(|entry| entry.admits(host, address))
    {
        return Err(OutboundError::NotPublic {
            host: host.to_owned(),
            address,
            why,
        });
    }
    // Nobody listens in on what does not leave the machine.
    if url.scheme() != "https" && !address.to_canonical().is_loopback() {
        return Err(OutboundError::Address("https is needed"));
    }
    Ok(())
}

/// The addresses of a host of the operator's; none is refused for where it is.
pub(crate) async fn found(url: &Url) -> Result<Vec<SocketAddr>, OutboundError> {
    let host = url
        .host_str()
        .ok_or(OutboundError::Address("it has no host"))?;
    let port = url
        .port_or_known_default()
        .ok_or(OutboundError::Address("it has no port"))?;
    let bare = host.trim_matches(['[', ']']);
    let found = tokio::net::lookup_host((bare, port)).await;
    let found = found.map_err(|_| OutboundError::Unresolved(host.to_owned()))?;
    Ok(found.collect())
}

/// A connection, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to the first of these addresses that answers, over TLS where `url` says https.
pub(crate) async fn open(
    url: &Url,
    addresses: &[SocketAddr],
    trust: &Trust,
) -> Result<Box<dyn Stream>, OutboundError> {
    let stream = tcp(addresses).await?;
    if url.scheme() == "https" {
        let config = trust.config().await?;
        Ok(Box::new(tls(stream, url, config).await?))
    } else {
        Ok(Box::new(stream))
    }
}

async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, OutboundError> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(OutboundError::Connect(last))
}

/// TLS over a connection, for the host that was named.
async fn tls(
    stream: TcpStream,
    url: &Url,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, OutboundError> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|_| OutboundError::Address("its host is no DNS name"))?,
        None => return Err(OutboundError::Address("it has no host")),
    };
    let connector = TlsConnector::from(config);
    let connected = connector.connect(name, stream).await;
    connected.map_err(OutboundError::Connect)
}

/// Whom TLS believes. Loaded at the first connection that needs it: most installations make none. Clones are the same.
#[derive(Clone)]
pub(crate) struct Trust(Arc<Believed>);

struct Believed {
    settings: OutboundSettings,
    loaded: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    /// The system's authorities and those of these settings.
    pub(crate) fn new(settings: OutboundSettings) -> Self {
        Self(Arc::new(Believed {
            settings,
            loaded: OnceCell::new(),
        }))
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, OutboundError> {
        let load = async || {
            let settings = self.0.settings.clone();
            // Reads files of the system.
            let loaded = tokio::task::spawn_blocking(move || believe(&settings)).await;
            let loaded = loaded.map_err(|error| OutboundError::Roots(error.to_string()))?;
            loaded.map(Arc::new)
        };
        self.0.loaded.get_or_try_init(load).await.cloned()
    }
}

fn believe(settings: &OutboundSettings) -> Result<ClientConfig, OutboundError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "certificate authorities of the system could not be loaded");
    }
    roots.add_parsable_certificates(system.certs);
    for own in settings.authorities().map_err(OutboundError::Roots)? {
        let added = roots.add(own);
        added.map_err(|error| OutboundError::Roots(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(OutboundError::Roots("this machine has none".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Roots(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
