//! From sources to typed sections.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::{ConfigError, Fault};
use super::keys::{Key, Keys};
use super::layers::{Assignment, Origin, Reader, Sources};
use super::section::{ConfigSection, Remark, Settings};

/// Every section this binary knows.
#[derive(Clone, Debug)]
pub struct Model {
    sections: Vec<ConfigSection>,
    pub(super) keys: Keys,
}

/// A configuration that can be used: every value decoded, every rule held.
pub struct Config {
    pub(super) keys: Keys,
    pub(super) values: BTreeMap<String, (Value, Origin)>,
    settings: BTreeMap<&'static str, Arc<dyn Settings>>,
    missing: Vec<(&'static str, String)>,
}

impl Model {
    /// Collects the sections. Two of one name are refused.
    pub fn new(sections: Vec<ConfigSection>) -> Result<Self, ConfigError> {
        let mut names = std::collections::BTreeSet::new();
        if let Some(doubled) = sections
            .iter()
            .map(ConfigSection::name)
            .find(|name| !names.insert(*name))
        {
            return Err(ConfigError::DuplicateSection(doubled));
        }
        let keys = Keys::of(&sections);
        Ok(Self { sections, keys })
    }

    /// Reads all sources, later ones winning, and decodes every section. All faults are collected.
    pub fn load(&self, sources: &Sources) -> Result<Config, ConfigError> {
        let mut reader = Reader::new(&self.keys);
        if let Some(file) = &sources.file {
            reader.file(file)?;
        }
        reader.env(&sources.env);
        reader.flags(&sources.flags);
        let Reader {
            found, mut faults, ..
        } = reader;
        let mut values: BTreeMap<String, (Value, Origin)> = BTreeMap::new();
        for Assignment {
            path,
            value,
            origin,
        } in found
        {
            values.insert(path, (value, origin));
        }
        let mut settings = BTreeMap::new();
        let mut missing = Vec::new();
        for section in &self.sections {
            match section.parse(self.tree(section, &values, None)) {
                Ok(parsed) => {
                    Self::review(section, &*parsed, &values, &mut missing, &mut faults);
                    settings.insert(section.name(), parsed);
                }
                Err(error) => faults.extend(self.blame(section, &values, &error)),
            }
        }
        if faults.is_empty() {
            Ok(Config {
                keys: self.keys.clone(),
                values,
                settings,
                missing,
            })
        } else {
            Err(ConfigError::Faults(faults))
        }
    }

    fn review(
        section: &ConfigSection,
        parsed: &dyn Settings,
        values: &BTreeMap<String, (Value, Origin)>,
        missing: &mut Vec<(&'static str, String)>,
        faults: &mut Vec<Fault>,
    ) {
        for remark in section.review(parsed) {
            match remark {
                Remark::Missing { what, meaning } => missing.push((what, meaning)),
                Remark::Refused { key, why } => {
                    let path = section.full_key(key);
                    let place = values.get(&path).map_or_else(
                        || Origin::Default.to_string(),
                        |(_, origin)| origin.to_string(),
                    );
                    faults.push(Fault {
                        place,
                        message: format!("{path}: {why}"),
                    });
                }
            }
        }
    }

    fn belonging<'a>(&'a self, section: &'a ConfigSection) -> impl Iterator<Item = &'a Key> {
        let prefix = section.full_key("");
        let others: Vec<String> = self
            .sections
            .iter()
            .map(|other| format!("{}.", other.name()))
            .collect();
        self.keys.all().filter(move |key| match section.name() {
            "" => !others
                .iter()
                .any(|other| other.len() > 1 && key.path.starts_with(other)),
            _ => key.path.starts_with(&prefix),
        })
    }

    /// The section's values as the nested object its type decodes; `only` keeps a single key.
    fn tree(
        &self,
        section: &ConfigSection,
        values: &BTreeMap<String, (Value, Origin)>,
        only: Option<&str>,
    ) -> Value {
        let prefix = section.full_key("");
        let mut root = Map::new();
        for key in self.belonging(section) {
            let Some((value, _)) = values.get(&key.path) else {
                continue;
            };
            if only.is_none_or(|only| only == key.path) {
                place(
                    &mut root,
                    key.path.strip_prefix(&prefix).unwrap_or(&key.path),
                    value.clone(),
                );
            }
        }
        Value::Object(root)
    }

    /// Finds the keys that spoil a section: the decoder names a type, not the place it was written.
    fn blame(
        &self,
        section: &ConfigSection,
        values: &BTreeMap<String, (Value, Origin)>,
        whole: &serde_json::Error,
    ) -> Vec<Fault> {
        let guilty: Vec<Fault> = self
            .belonging(section)
            .filter_map(|key| {
                let (_, origin) = values.get(&key.path)?;
                let error = section
                    .parse(self.tree(section, values, Some(&key.path)))
                    .err()?;
                let why = if key.secret {
                    "not a usable value".to_owned()
                } else {
                    error.to_string()
                };
                Some(Fault {
                    place: origin.to_string(),
                    message: format!("{}: {why}", key.path),
                })
            })
            .collect();
        if guilty.is_empty() {
            vec![Fault {
                place: format!("[{}]", section.name()),
                message: whole.to_string(),
            }]
        } else {
            guilty
        }
    }
}

fn place(table: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((head, tail)) => {
            let inner = table
                .entry(head)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                place(inner, tail, value);
            }
        }
    }
}

impl Config {
    /// A section, by the type it was declared with.
    pub fn section<C: Any + Send + Sync>(&self, name: &'static str) -> Result<Arc<C>, ConfigError> {
        let settings = self
            .settings
            .get(name)
            .ok_or(ConfigError::WrongType(name))?;
        let any: Arc<dyn Any + Send + Sync> = Arc::<dyn Settings>::clone(settings);
        any.downcast().map_err(|_| ConfigError::WrongType(name))
    }

    /// What is not configured, and what that means.
    pub fn missing(&self) -> &[(&'static str, String)] {
        &self.missing
    }

    /// Where a key's value comes from.
    pub fn origin(&self, path: &str) -> Origin {
        self.values
            .get(path)
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.settings).finish()
    }
}
