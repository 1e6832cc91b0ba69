//! Where values come from: file, environment, flags. Each layer turns into the same thing, a list of
//! keys with values and the place each was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use super::error::{ConfigError, Fault};
use super::keys::{Keys, Shape};
use super::suggest::nearest;

const PREFIX: &str = "GANTRY_";

/// Names that begin like ours and say something else: where the data and the configuration file are
/// (they are needed before any configuration is read), and what the tests use.
const NOT_KEYS: [&str; 2] = ["GANTRY_DATA", "GANTRY_CONFIG"];
const TESTS: &str = "GANTRY_TEST_";

/// Where configuration is read from, without reading it yet.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file, if there is one.
    pub file: Option<PathBuf>,
    /// The whole environment; only names beginning with `GANTRY_` are looked at.
    pub env: BTreeMap<String, String>,
    /// Values given on the command line.
    pub flags: Vec<Flag>,
}

/// A value given on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As typed: `--listen`.
    pub name: &'static str,
    /// The key it sets: `server.listen`.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the type's own default.
    Default,
    /// In the TOML file, on this line.
    File(PathBuf, usize),
    /// In an environment variable.
    Env(String),
    /// On the command line.
    Flag(&'static str),
    /// In a file of its own, named from another place.
    SecretFile(PathBuf, Box<Self>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{} line {line}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
            Self::SecretFile(path, named_by) => {
                write!(f, "{}, named by {named_by}", path.display())
            }
        }
    }
}

/// One key set in one place.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Reads one layer after the other and collects what is wrong with each.
pub(super) struct Reader<'a> {
    keys: &'a Keys,
    pub(super) found: Vec<Assignment>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(keys: &'a Keys) -> Self {
        Self {
            keys,
            found: Vec::new(),
            faults: Vec::new(),
        }
    }

    pub(super) fn file(&mut self, path: &PathBuf) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            path: path.clone(),
            detail: error.to_string().trim_end().to_owned(),
        };
        let table: toml::Table = toml::from_str(&text).map_err(syntax)?;
        let mut lines = BTreeMap::new();
        let spans = toml::de::DeTable::parse(&text).map_err(syntax)?;
        lines_of(&text, spans.get_ref(), "", &mut lines);
        let start = self.found.len();
        self.table(&table, "", &|at| {
            Origin::File(path.clone(), lines.get(at).copied().unwrap_or(1))
        });
        self.refuse_doubled_secrets(start);
        Ok(())
    }

    pub(super) fn env(&mut self, env: &BTreeMap<String, String>) {
        let start = self.found.len();
        for (name, text) in env {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if NOT_KEYS.contains(&name.as_str()) || name.starts_with(TESTS) || is_service_link(rest)
            {
                continue;
            }
            let path = rest.to_lowercase().replace("__", ".");
            let origin = Origin::Env(name.clone());
            if self.keys.secret_named_by(&path).is_some() {
                self.assign(path, Value::String(text.clone()), origin);
                continue;
            }
            let Some(key) = self.keys.find(&path) else {
                self.unknown(&path, &origin, |path| {
                    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
                });
                continue;
            };
            match from_text(&key.shape, text) {
                Ok(value) => self.assign(path, value, origin),
                Err(expected) => self.fault(&origin, format!("{path} must be {expected}")),
            }
        }
        self.refuse_doubled_secrets(start);
    }

    pub(super) fn flags(&mut self, flags: &[Flag]) {
        for flag in flags {
            self.assign(
                flag.key.to_owned(),
                flag.value.clone(),
                Origin::Flag(flag.name),
            );
        }
    }

    fn table(&mut self, table: &toml::Table, prefix: &str, origin: &dyn Fn(&str) -> Origin) {
        for (name, value) in table {
            let path = match prefix {
                "" => name.clone(),
                prefix => format!("{prefix}.{name}"),
            };
            let at = origin(&path);
            match value {
                toml::Value::Table(inner) if self.keys.is_table(&path) => {
                    self.table(inner, &path, origin);
                }
                _ if self.keys.is_table(&path) => {
                    self.fault(&at, format!("{path} is a table: write [{path}]"));
                }
                value
                    if self.keys.find(&path).is_some()
                        || self.keys.secret_named_by(&path).is_some() =>
                {
                    self.assign(path, to_json(value), at);
                }
                _ => self.unknown(&path, &at, str::to_owned),
            }
        }
    }

    /// Notes a value; the `_file` form of a secret is read here, so that nothing later knows of it.
    fn assign(&mut self, path: String, value: Value, origin: Origin) {
        let Some(secret) = self.keys.secret_named_by(&path) else {
            self.found.push(Assignment {
                path,
                value,
                origin,
            });
            return;
        };
        let Some(file) = value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(PathBuf::from)
        else {
            self.fault(&origin, format!("{path} must be the path of a file"));
            return;
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => self.found.push(Assignment {
                path: secret.path.clone(),
                value: Value::String(text.trim_end_matches(['\r', '\n']).to_owned()),
                origin: Origin::SecretFile(file, Box::new(origin)),
            }),
            Err(error) => self.fault(
                &origin,
                format!("{path}: cannot read {}: {error}", file.display()),
            ),
        }
    }

    fn refuse_doubled_secrets(&mut self, start: usize) {
        let layer = self.found.get(start..).unwrap_or_default();
        let doubled: Vec<(Origin, String)> = layer
            .iter()
            .enumerate()
            .filter(|(i, one)| layer.iter().skip(i + 1).any(|other| other.path == one.path))
            .map(|(_, one)| (one.origin.clone(), one.path.clone()))
            .collect();
        for (origin, path) in doubled {
            self.fault(
                &origin,
                format!("give either {path} or {path}_file, not both"),
            );
        }
    }

    fn unknown(&mut self, path: &str, origin: &Origin, spell: impl Fn(&str) -> String) {
        let known = self.keys.all().map(|key| key.path.as_str());
        let hint = nearest(path, &known).map_or_else(String::new, |near| {
            format!("; did you mean {}?", spell(near))
        });
        self.fault(origin, format!("unknown key {path}{hint}"));
    }

    fn fault(&mut self, origin: &Origin, message: String) {
        self.faults.push(Fault {
            place: origin.to_string(),
            message,
        });
    }
}

/// In a cluster a service called `gantry` makes Kubernetes set `GANTRY_SERVICE_HOST`,
/// `GANTRY_PORT_8080_TCP` and their like in every pod: not ours, and no reason to refuse a start.
fn is_service_link(rest: &str) -> bool {
    rest == "PORT"
        || rest.starts_with("PORT_")
        || rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
}

fn lines_of(
    text: &str,
    table: &toml::de::DeTable<'_>,
    prefix: &str,
    lines: &mut BTreeMap<String, usize>,
) {
    for (name, value) in table {
        let path = match prefix {
            "" => name.get_ref().to_string(),
            prefix => format!("{prefix}.{}", name.get_ref()),
        };
        let before = text.get(..name.span().start).unwrap_or_default();
        lines.insert(path.clone(), before.matches('\n').count() + 1);
        if let Some(inner) = value.get_ref().as_table() {
            lines_of(text, inner, &path, lines);
        }
    }
}

fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(yes) => (*yes).into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.iter().map(to_json).collect(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(name, value)| (name.clone(), to_json(value)))
            .collect(),
    }
}

fn from_text(shape: &Shape, text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    match shape {
        Shape::Text => Ok(text.into()),
        Shape::Choice(choices) if choices.iter().any(|choice| choice == trimmed) => {
            Ok(trimmed.into())
        }
        Shape::Choice(choices) => Err(format!("one of {}", choices.join(", "))),
        Shape::Integer => trimmed
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| "a whole number".into()),
        Shape::Number => trimmed
            .parse::<f64>()
            .map(Value::from)
            .map_err(|_| "a number".into()),
        Shape::Bool => match trimmed {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err("true or false".into()),
        },
        Shape::List if trimmed.starts_with('[') => parse_toml(trimmed),
        Shape::List => Ok(trimmed
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(Value::from)
            .collect()),
        Shape::Any => Ok(parse_toml(trimmed).unwrap_or_else(|_| text.into())),
    }
}

fn parse_toml(text: &str) -> Result<Value, String> {
    text.parse::<toml::Value>()
        .map(|value| to_json(&value))
        .map_err(|_| "a list, comma separated or as a toml array".into())
}
