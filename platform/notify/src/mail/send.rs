//! The connection to the mail server, kept open between mails, and what its answers mean.

use std::error::Error as _;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use super::Address;
use crate::config::{MailConfig, TlsMode};

/// What a failed attempt means for the next one. The words are the server's, and may name the
/// recipient: they belong into the outbox, not into a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Worth another attempt.
    #[error("{0}")]
    Transient(String),
    /// Refused for good.
    #[error("{0}")]
    Permanent(String),
}

/// Replies that refuse us, not the mail: logging in or TLS is wrong (RFC 4954, section 6), or the
/// dialogue went astray. Mending the configuration mends them.
const OURS: [u16; 9] = [500, 501, 502, 503, 504, 530, 534, 535, 538];

/// The configured mail server and sender.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    pub(crate) from: Address,
    pub(crate) reply_to: Option<Address>,
}

impl Mailer {
    /// Connects only when something is sent.
    pub fn new(config: &MailConfig) -> Result<Self, String> {
        let parse = |text: &str| {
            text.parse::<Address>()
                .map_err(|error| format!("{text:?} is no address: {error}"))
        };
        Ok(Self {
            transport: transport(config)?,
            from: parse(&config.from)?,
            reply_to: config.reply_to.as_deref().map(parse).transpose()?,
        })
    }

    /// Whether there is a server to send to.
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// The domain for message ids.
    pub(crate) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Hands a message to the server; `Ok` means its 250.
    pub(crate) async fn send(&self, message: Message) -> Result<(), SendError> {
        let Some(transport) = &self.transport else {
            return Err(SendError::Transient(
                "no mail server is configured".to_owned(),
            ));
        };
        match transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(judge(&error)),
        }
    }

    /// Whether the server answers; nothing is sent.
    pub async fn check(&self) -> Result<(), String> {
        match &self.transport {
            None => Err("no mail server is configured, mail is held".to_owned()),
            Some(transport) => match transport.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err("the mail server does not answer".to_owned()),
            },
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("configured", &self.is_configured())
            .finish_non_exhaustive()
    }
}

fn judge(error: &lettre::transport::smtp::Error) -> SendError {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    let ours = error.status().is_some_and(|code| {
        let number: u16 = code.into();
        OURS.contains(&number)
    });
    if (error.is_permanent() && !ours) || error.is_client() {
        SendError::Permanent(words)
    } else {
        SendError::Transient(words)
    }
}

fn transport(config: &MailConfig) -> Result<Option<AsyncSmtpTransport<Tokio1Executor>>, String> {
    type Smtp = AsyncSmtpTransport<Tokio1Executor>;
    let mut builder = if let Some(url) = &config.url {
        // The address may hold a password, so the error must not repeat it.
        Smtp::from_url(url.expose()).map_err(|_| "mail.url is not a usable smtp address")?
    } else if let Some(host) = &config.host {
        let tls = |host: &str| {
            TlsParameters::new(host.to_owned()).map_err(|error| format!("mail tls: {error}"))
        };
        let (tls, port) = match config.tls {
            TlsMode::None => (Tls::None, 25),
            TlsMode::Starttls => (Tls::Required(tls(host)?), 587),
            TlsMode::Tls => (Tls::Wrapper(tls(host)?), 465),
        };
        Smtp::builder_dangerous(host)
            .tls(tls)
            .port(config.port.unwrap_or(port))
    } else {
        return Ok(None);
    };
    if let (Some(username), Some(password)) = (&config.username, &config.password) {
        builder = builder.credentials(Credentials::new(
            username.clone(),
            password.expose().clone(),
        ));
    }
    Ok(Some(
        builder
            .timeout(Some(config.timeout.get()))
            .pool_config(PoolConfig::new().max_size(4))
            .build(),
    ))
}
