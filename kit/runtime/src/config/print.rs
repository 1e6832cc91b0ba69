//! Every value in force, and where it comes from: `gantry config print`, and what operators see. Secrets are masked here
//! and nowhere else, because nothing else writes values out.

use std::fmt::Write;

use serde_json::Value;

use super::keys::{Item, Key};
use super::layers::Origin;
use super::load::Config;

/// A key as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// In full: `server.listen`.
    pub key: String,
    /// Its documentation.
    pub meaning: String,
    /// The value as TOML writes it, masked if it is a secret; `None` if nothing is set.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    /// Whether the value is masked.
    pub secret: bool,
}

impl Config {
    /// All keys in force, in the order of their declaration.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        self.keys.all().map(|key| self.show(key))
    }

    /// The effective configuration as TOML, each line with its source.
    pub fn print(&self) -> String {
        let mut out = String::new();
        for item in &self.keys.items {
            // Writing to a String cannot fail.
            let _infallible = match item {
                Item::Table { path, .. } => writeln!(out, "\n[{path}]"),
                Item::Key(key) => writeln!(out, "{}", self.line(key)),
            };
        }
        out.trim_start().to_owned()
    }

    fn show(&self, key: &Key) -> Shown {
        let (value, origin) = match self.values.get(&key.path) {
            Some((value, origin)) if key.secret => (Some(mask(value)), origin.clone()),
            Some((value, origin)) => (Some(literal(value)), origin.clone()),
            None => {
                let default = key.default.as_ref().filter(|_| !key.secret);
                (default.map(literal), Origin::Default)
            }
        };
        Shown {
            key: key.path.clone(),
            meaning: key.doc.clone(),
            value,
            origin,
            secret: key.secret,
        }
    }

    fn line(&self, key: &Key) -> String {
        let name = key.path.rsplit('.').next().unwrap_or(&key.path);
        let Shown { value, origin, .. } = self.show(key);
        value.map_or_else(
            || format!("# {name} is not set"),
            |value| format!("{name} = {value}  # {origin}"),
        )
    }
}

/// A JSON value as TOML writes it on one line.
pub(super) fn literal(value: &Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// The address of a database keeps everything but its password, since the host is what one looks for;
/// anything else disappears (other addresses may carry their secret in the path).
fn mask(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let database = text
        .split_once("://")
        .filter(|(scheme, _)| scheme.starts_with("postgres"));
    let address = database.and_then(|(scheme, rest)| {
        let authority = rest
            .find(['/', '?', '#'])
            .map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        let tail = rest.strip_prefix(authority)?.split(['?', '#']).next()?;
        let host = match authority.rsplit_once('@') {
            None => authority.to_owned(),
            Some((user, host)) => match user.split_once(':') {
                None => format!("{user}@{host}"),
                Some((user, _)) => format!("{user}:***@{host}"),
            },
        };
        Some(format!("{scheme}://{host}{tail}"))
    });
    literal(&Value::String(address.unwrap_or_else(|| "***".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        let shown = |text: &str| mask(&Value::from(text));
        assert_eq!(
            shown("postgres://app:hunter2@db:5432/x?password=hunter2"),
            "\"postgres://app:***@db:5432/x\""
        );
        assert_eq!(
            shown("postgres://app:hun@ter2@db/x"),
            "\"postgres://app:***@db/x\""
        );
        assert_eq!(shown("postgres://db/x"), "\"postgres://db/x\"");
        assert_eq!(shown("hunter2"), "\"***\"");
        assert_eq!(shown("https://hooks.example.com/T0/secret"), "\"***\"");
    }
}
