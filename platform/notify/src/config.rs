//! The section `[mail]`.

use gantry_kernel::{Period, Secret};
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Not at all; for a server on this machine.
    None,
    /// The connection is upgraded before anything else is said, or given up (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
}

/// The mail server, and who the mails are from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The server as one address: `smtp://user:password@host:587?tls=required` or `smtps://...`. Give
    /// either this or `host`. Without both, mail is held.
    pub url: Option<Secret<String>>,
    /// The server's name.
    pub host: Option<String>,
    /// Its port; by default 25, 587 or 465, by the TLS mode.
    pub port: Option<u16>,
    /// Whom to log in as; nobody if absent.
    pub username: Option<String>,
    /// The password of `username`.
    pub password: Option<Secret<String>>,
    /// `none`, `starttls` or `tls`; used with `host`.
    pub tls: TlsMode,
    /// Sender, as in `Gantry <no-reply@example.com>`.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// The longest wait for the server at each step.
    pub timeout: Period,
    /// How long the list of mails keeps those that were sent or were no longer wanted. Held and failed
    /// ones stay until somebody decides about them.
    pub retention: Period,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            url: None,
            host: None,
            port: None,
            username: None,
            password: None,
            tls: TlsMode::default(),
            from: "Gantry <no-reply@localhost>".to_owned(),
            reply_to: None,
            timeout: Period::seconds(30),
            retention: Period::days(30),
        }
    }
}

impl MailConfig {
    /// Whether a server is named.
    pub fn is_configured(&self) -> bool {
        self.url.is_some() || self.host.is_some()
    }

    /// What is wrong or missing.
    pub(crate) fn review(&self) -> Vec<Remark> {
        let refused = |key, why: &str| Remark::Refused {
            key,
            why: why.to_owned(),
        };
        let mut remarks = Vec::new();
        if self.url.is_some() && self.host.is_some() {
            remarks.push(refused("url", "give either url or host, not both"));
        }
        if self.username.is_some() != self.password.is_some() {
            remarks.push(refused("username", "username and password go together"));
        }
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            remarks.push(refused(
                "from",
                "not an address such as Name <name@example.com>",
            ));
        }
        if let Some(reply_to) = &self.reply_to
            && reply_to.parse::<lettre::message::Mailbox>().is_err()
        {
            remarks.push(refused(
                "reply_to",
                "not an address such as name@example.com",
            ));
        }
        if self.timeout.get().is_zero() {
            remarks.push(refused("timeout", "must be longer than nothing"));
        }
        if !self.is_configured() {
            remarks.push(Remark::Missing {
                what: "smtp",
                meaning: "mail is held until [mail] names a server".to_owned(),
            });
        }
        remarks
    }
}
