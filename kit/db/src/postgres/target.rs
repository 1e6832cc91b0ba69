//! How a server is reached, and how it is heard where a pooler stands between.

use std::time::Duration;

use tokio_postgres::Config;

use super::config::{self, PostgresConfig};
use super::tls::Tls;
use crate::DbError;

/// How long sent bytes may stay unacknowledged, and how long an idle peer is trusted, unless the URL
/// says otherwise. A server that vanishes says nothing.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(30);
/// PostgreSQL cuts longer names.
const LONGEST_NAME: usize = 63;
/// `_tmpl_` and 16 hexadecimal digits; `_t_` and 32 of an id.
const LONGEST_SUFFIX: usize = 35;

/// How a server is reached.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) tls: Option<Tls>,
    pub(crate) named_statements: bool,
    pub(crate) transaction_pooler: bool,
    /// The same server without the pooler, to listen on.
    direct: Option<(Config, Option<Tls>)>,
}

impl Target {
    /// Reads the settings; the name of the database they give comes with it.
    pub(crate) fn new(postgres: &PostgresConfig) -> Result<(Self, String), DbError> {
        let (config, tls) = read_url(&postgres.url)?;
        let direct = postgres.direct_url.as_deref().map(read_url).transpose()?;
        let control = config
            .get_dbname()
            .ok_or_else(|| DbError::Config("the postgres url names no database".to_owned()))?
            .to_owned();
        if control.len() + LONGEST_SUFFIX > LONGEST_NAME {
            return Err(DbError::Config(format!(
                "the name of the database in a postgres url may have {} characters at most",
                LONGEST_NAME - LONGEST_SUFFIX
            )));
        }
        let target = Self {
            config,
            tls,
            named_statements: postgres.named_statements,
            transaction_pooler: postgres.transaction_pooler,
            direct,
        };
        Ok((target, control))
    }

    /// How notices of this server are heard; `None` behind a pooler that hands none on and has no way past it.
    pub(super) fn heard(&self) -> Option<(&Config, Option<&Tls>)> {
        match &self.direct {
            Some((config, tls)) => Some((config, tls.as_ref())),
            None if self.transaction_pooler => None,
            None => Some((&self.config, self.tls.as_ref())),
        }
    }
}

fn read_url(url: &str) -> Result<(Config, Option<Tls>), DbError> {
    let (mut config, tls) = config::parse(url)?;
    config.application_name("gantry");
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(config.get_keepalives_idle().min(IDLE));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(config.get_keepalives_retries().unwrap_or(3));
    }
    Ok((config, tls))
}
