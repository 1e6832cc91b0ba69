//! Settings of a PostgreSQL server.

use std::path::PathBuf;

use gantry_kernel::is_loopback;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::Tls;
use crate::DbError;

/// PostgreSQL settings.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/control_database`. `sslmode` is `verify-full` or `disable`;
    /// with the first, `sslrootcert` names a file of authorities in PEM, without it those of the system
    /// count.
    pub url: String,
    /// The same database without a pooler between, if there is one: it is listened on for notices of other processes.
    pub direct_url: Option<String>,
    /// The most connections this process holds, control and all tenants together; at least 4.
    pub max_connections: usize,
    /// No more new tenants are placed on this server than so many, about.
    pub max_tenants: i64,
    /// Keep prepared statements by name for the life of a connection. A pooler in transaction mode must know of them:
    /// PgBouncer does from 1.21 on with `max_prepared_statements` above 0.
    pub named_statements: bool,
    /// The server side of a connection may change between transactions (any pooler in transaction
    /// mode): limits are then set per transaction instead of once per connection.
    pub transaction_pooler: bool,
}

impl PostgresConfig {
    /// Defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            direct_url: None,
            max_connections: 32,
            max_tenants: 500,
            named_statements: true,
            transaction_pooler: false,
        }
    }

    /// The servers of the URL that are not on this machine and are spoken to without TLS: on the way to them everybody can
    /// read along. Nothing when the URL cannot be read; opening says why.
    pub fn far_hosts(&self) -> Vec<String> {
        let (url, words) = split(&self.url);
        if words.mode.as_deref() == Some("verify-full") {
            return Vec::new();
        }
        let Ok(config) = url.parse::<Config>() else {
            return Vec::new();
        };
        // Where an address is given besides the name, the address is what is connected to.
        let addresses = config.get_hostaddrs();
        if !addresses.is_empty() {
            let far = addresses.iter().filter(|address| !address.is_loopback());
            return far.map(ToString::to_string).collect();
        }
        let far = config.get_hosts().iter().filter_map(|host| match host {
            Host::Tcp(name) if !is_loopback(name) => Some(name.clone()),
            _ => None,
        });
        far.collect()
    }
}

/// A URL as the driver reads it, and how the way to the server is protected.
pub(super) fn parse(url: &str) -> Result<(Config, Option<Tls>), DbError> {
    let (url, words) = split(url);
    let mut config: Config = url
        .parse()
        .map_err(|e| DbError::Config(format!("postgres url: {e}")))?;
    let tls = match words.mode.as_deref() {
        None | Some("disable") if words.authorities.is_none() => None,
        Some("verify-full") => Some(Tls::new(words.authorities.as_deref())?),
        Some(other) => {
            return Err(DbError::Config(format!(
                "sslmode={other}: say verify-full (encrypted, and the server proves its name) or \
                 disable; what lies between protects from nobody who can change what is sent"
            )));
        }
        None => {
            return Err(DbError::Config(
                "sslrootcert without sslmode=verify-full".to_owned(),
            ));
        }
    };
    config.ssl_mode(if tls.is_some() {
        SslMode::Require
    } else {
        SslMode::Disable
    });
    Ok((config, tls))
}

/// What the URL says about TLS, which the driver does not know in full.
#[derive(Default)]
struct Words {
    mode: Option<String>,
    authorities: Option<PathBuf>,
}

/// The URL without what it says about TLS, and that.
fn split(url: &str) -> (String, Words) {
    let Some((place, query)) = url.split_once('?') else {
        return (url.to_owned(), Words::default());
    };
    let mut words = Words::default();
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => words.mode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => {
                words.authorities = Some(PathBuf::from(decoded(path)));
            }
            _ => rest.push(pair),
        }
    }
    if rest.is_empty() {
        return (place.to_owned(), words);
    }
    (format!("{place}?{}", rest.join("&")), words)
}

/// Percent-encoding undone; what is not encoded properly stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code {
            bytes.push(code);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl std::fmt::Debug for PostgresConfig {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("max_connections", &self.max_connections)
            .field("named_statements", &self.named_statements)
            .field("transaction_pooler", &self.transaction_pooler)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_another_machine_is_known_by_its_address() {
        for (url, far) in [
            ("postgres://me@127.0.0.1/x", ""),
            ("postgres://me@localhost:5433/x", ""),
            ("postgres://me@[::1]/x", ""),
            ("postgres://me@%2Frun%2Fpostgresql/x", ""),
            ("postgres:///x?host=/run/postgresql", ""),
            ("postgres://me:p@db.example.com/x", "db.example.com"),
            (
                "postgres://me@localhost.example.com/x",
                "localhost.example.com",
            ),
            ("postgres://me@10.0.0.7/x", "10.0.0.7"),
            ("postgres://me@127.0.0.1,10.0.0.7/x", "10.0.0.7"),
            ("postgres://me@localhost/x?hostaddr=10.0.0.7", "10.0.0.7"),
            ("postgres://me@db.example.com/x?hostaddr=127.0.0.1", ""),
            ("postgres://me@db.example.com/x?sslmode=verify-full", ""),
            (
                "postgres://me@db.example.com/x?sslmode=disable",
                "db.example.com",
            ),
            ("no url", ""),
        ] {
            assert_eq!(PostgresConfig::new(url).far_hosts().join(","), far, "{url}");
        }
    }
    #[test]
    fn tls_is_all_or_nothing() {
        assert!(parse("postgres://me@a/x").unwrap().1.is_none());
        assert!(
            parse("postgres://me@a/x?sslmode=disable")
                .unwrap()
                .1
                .is_none()
        );
        for mode in ["require", "prefer", "verify-ca", "allow"] {
            let refused = parse(&format!("postgres://me@a/x?sslmode={mode}")).err();
            assert!(matches!(refused, Some(DbError::Config(_))), "{mode}");
        }
        for rest in [
            "sslrootcert=/a",
            "sslmode=verify-full&sslrootcert=/no%20such",
        ] {
            let refused = parse(&format!("postgres://me@a/x?{rest}")).err();
            assert!(matches!(refused, Some(DbError::Config(_))), "{rest}");
        }
        let (kept, words) = split("postgres://a/x?host=b&sslrootcert=%2fc%20d&connect_timeout=1");
        assert_eq!(kept, "postgres://a/x?host=b&connect_timeout=1");
        assert_eq!(words.authorities, Some("/c d".into()));
    }
}
