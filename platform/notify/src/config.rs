//! The section `[mail]`.

use gantry_kernel::{Period, Secret, is_loopback};
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
    /// Allow a server on another machine without TLS: whoever is on the way reads and changes every mail, links to sign
    /// in included.
    pub allow_plaintext: bool,
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
            allow_plaintext: false,
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

    /// The setting that names a server on another machine without demanding TLS, and that server.
    fn unprotected(&self) -> Option<(&'static str, &str)> {
        let (key, host, protected) = match (&self.url, &self.host) {
            (Some(url), _) => {
                let (scheme, rest) = url.expose().split_once("://")?;
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let host = authority.rsplit('@').next().unwrap_or_default();
                // A port follows the last colon, unless that is within the brackets of an IPv6 address.
                let host = match host.rsplit_once(':') {
                    Some((host, port)) if !port.contains(']') => host,
                    _ => host,
                };
                let query = rest.split_once('?').map_or("", |(_, query)| query);
                let required = query.split('&').any(|pair| pair == "tls=required");
                ("url", host, scheme == "smtps" || required)
            }
            (None, Some(host)) => ("tls", host.as_str(), self.tls != TlsMode::None),
            (None, None) => return None,
        };
        (!protected && !is_loopback(host)).then_some((key, host))
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
        if let Some((key, host)) = self.unprotected().filter(|_| !self.allow_plaintext) {
            let why = format!(
                "{host} is another machine, and mail would cross the network in the clear, links to sign in included; \
                 use smtps:// or ?tls=required (with mail.host: tls = \"starttls\" or \"tls\"), or set \
                 mail.allow_plaintext if nobody else is on that network"
            );
            remarks.push(refused(key, &why));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_needs_tls_or_a_word_that_it_does_not() {
        for (url, refused) in [
            ("smtp://127.0.0.1:2525", false),
            ("smtp://me:p%40ss@localhost", false),
            ("smtp://[::1]:25", false),
            ("smtp://mail.example.com", true),
            ("smtp://me:localhost@mail.example.com:587", true),
            ("smtp://mail.example.com?tls=opportunistic", true),
            ("smtp://[2001:db8::1]", true),
            ("smtp://mail.example.com:587/name?tls=required", false),
            ("smtps://me:p@mail.example.com", false),
        ] {
            let mut config = MailConfig {
                url: Some(Secret::new(url.to_owned())),
                ..MailConfig::default()
            };
            assert_eq!(!config.review().is_empty(), refused, "{url}");
            config.allow_plaintext = true;
            assert!(config.review().is_empty(), "{url}");
        }
        for (host, tls, refused) in [
            ("127.0.0.1", TlsMode::None, false),
            ("mail.example.com", TlsMode::None, true),
            ("mail.example.com", TlsMode::Starttls, false),
            ("mail.example.com", TlsMode::Tls, false),
        ] {
            let config = MailConfig {
                host: Some(host.to_owned()),
                tls,
                ..MailConfig::default()
            };
            assert_eq!(!config.review().is_empty(), refused, "{host} {tls:?}");
        }
    }
}
