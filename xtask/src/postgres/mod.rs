//! Sees to a PostgreSQL for the tests: the one named in `GANTRY_TEST_POSTGRES_URL`, else one on
//! 127.0.0.1:5432, else a private one that ends with the run. There is no run without PostgreSQL.

mod private;

use std::path::Path;
use std::process::Command;

use crate::step::{Failure, read, sh};

const URL: &str = "GANTRY_TEST_POSTGRES_URL";

/// Where the server comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Whatever is there, else a private one.
    Any,
    /// A private one from the programs on this machine.
    Local,
    /// A private one from the npm package.
    Npm,
}

impl Source {
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Failure> {
        match text {
            None | Some("any") => Ok(Self::Any),
            Some("local") => Ok(Self::Local),
            Some("npm") => Ok(Self::Npm),
            Some(other) => Err(Failure::new(
                format!("unknown PostgreSQL source {other:?}"),
                "write --postgres any, local (private, from installed programs) or npm (private)",
            )),
        }
    }
}

/// A server for one run; a private one stops when this is dropped.
pub(crate) struct Postgres {
    url: String,
    private: Option<private::Server>,
}

impl Postgres {
    /// Finds or starts a server. `tool` is the built `gantry-test-postgres`, which holds the rules
    /// about which server and role the tests accept.
    pub(crate) fn provide(source: Source, tool: &Path) -> Result<Self, Failure> {
        let postgres = Self::pick(source, tool)?;
        if postgres.private.is_none() {
            let mut sweep = Command::new(tool);
            sweep.arg("sweep").env(URL, &postgres.url);
            sh(
                &mut sweep,
                "drop the databases whose names begin with gantry_t_ by hand",
            )?;
        }
        Ok(postgres)
    }

    fn pick(source: Source, tool: &Path) -> Result<Self, Failure> {
        if source == Source::Any {
            let named = std::env::var_os(URL).is_some_and(|url| !url.is_empty());
            let mut find = Command::new(tool);
            find.arg("find");
            if named {
                let fix = format!("{URL} must name a server the tests may use; unset it to search");
                let url = read(&mut find, &fix)?.trim().to_owned();
                println!("   PostgreSQL: the one in {URL}");
                return Ok(Self { url, private: None });
            }
            // Not finding one is no failure: the reason is on standard error, and we start our own.
            if let Ok(url) = read(&mut find, "") {
                let url = url.trim().to_owned();
                println!("   PostgreSQL: {url}");
                return Ok(Self { url, private: None });
            }
        }
        let server = private::Server::start(source)?;
        println!("   PostgreSQL: private, {}", server.description());
        Ok(Self {
            url: server.url(),
            private: Some(server),
        })
    }

    /// The environment that tells the tests which server to use.
    pub(crate) fn env(&self) -> (&'static str, &str) {
        (URL, &self.url)
    }

    /// Stops a private server and says so when that fails.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.private.map_or(Ok(()), private::Server::stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_sources() {
        assert_eq!(Source::parse(None).unwrap(), Source::Any);
        assert_eq!(Source::parse(Some("npm")).unwrap(), Source::Npm);
        assert!(Source::parse(Some("docker")).is_err());
    }
}
