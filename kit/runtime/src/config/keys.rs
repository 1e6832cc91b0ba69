//! The keys there are, flattened out of the sections' JSON schemas.

use serde_json::{Map, Value};

use super::section::ConfigSection;

/// What a key holds, as far as reading it from text needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Choice(Vec<String>),
    Integer,
    Number,
    Bool,
    List,
    Any,
}

/// One key, with everything its documentation says.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// In full: `server.listen`.
    pub(super) path: String,
    pub(super) doc: String,
    pub(super) shape: Shape,
    /// `None` when nothing is set unless somebody sets it.
    pub(super) default: Option<Value>,
    pub(super) secret: bool,
}

/// A section, a table in it, or a key, in the order of declaration; a table's own keys come before
/// its tables, as TOML wants it.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Table { path: String, doc: String },
    Key(Key),
}

/// All keys of all sections.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    pub(super) items: Vec<Item>,
}

impl Keys {
    pub(super) fn of(sections: &[ConfigSection]) -> Self {
        let mut keys = Self::default();
        for section in sections {
            if !section.name().is_empty() {
                keys.items.push(Item::Table {
                    path: section.name().to_owned(),
                    doc: text_of(section.schema(), "description"),
                });
            }
            keys.walk(section.schema(), section.name(), None);
        }
        keys
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Key> + Clone {
        self.items.iter().filter_map(|item| match item {
            Item::Key(key) => Some(key),
            Item::Table { .. } => None,
        })
    }

    pub(super) fn find(&self, path: &str) -> Option<&Key> {
        self.all().find(|key| key.path == path)
    }

    pub(super) fn is_table(&self, path: &str) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item, Item::Table { path: table, .. } if table == path))
    }

    /// The secret that `path` names with its `_file` form, if it does.
    pub(super) fn secret_named_by(&self, path: &str) -> Option<&Key> {
        let secret = path.strip_suffix("_file")?;
        self.find(secret).filter(|key| key.secret)
    }

    fn walk(&mut self, schema: &Value, prefix: &str, defaults: Option<&Value>) {
        let empty = Map::new();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let mut tables = Vec::new();
        for (name, property) in properties {
            let path = match prefix {
                "" => name.clone(),
                prefix => format!("{prefix}.{name}"),
            };
            let default = property
                .get("default")
                .or_else(|| defaults.and_then(|all| all.get(name)))
                .filter(|value| !value.is_null());
            let doc = text_of(property, "description");
            let body = without_null(property);
            if body.get("properties").is_some() {
                tables.push((path, doc, body, default));
            } else {
                self.items.push(Item::Key(Key {
                    path,
                    doc,
                    shape: shape_of(body),
                    default: default.cloned(),
                    secret: flag_of(property, "writeOnly") || flag_of(body, "writeOnly"),
                }));
            }
        }
        for (path, doc, body, default) in tables {
            self.items.push(Item::Table {
                path: path.clone(),
                doc,
            });
            self.walk(body, &path, default);
        }
    }
}

fn text_of(schema: &Value, name: &str) -> String {
    schema
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn flag_of(schema: &Value, name: &str) -> bool {
    schema
        .get(name)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

/// An optional value's schema is "this or null"; what it is when it is set is the part that matters.
fn without_null(schema: &Value) -> &Value {
    let is_null = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("null");
    schema
        .get("anyOf")
        .and_then(Value::as_array)
        .and_then(|branches| branches.iter().find(|branch| !is_null(branch)))
        .unwrap_or(schema)
}

fn shape_of(schema: &Value) -> Shape {
    if let Some(choices) = choices_of(schema) {
        return Shape::Choice(choices);
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    };
    match kind {
        Some("string") => Shape::Text,
        Some("integer") => Shape::Integer,
        Some("number") => Shape::Number,
        Some("boolean") => Shape::Bool,
        Some("array") => Shape::List,
        _ => Shape::Any,
    }
}

/// The texts an enumeration takes: variants with a comment of their own are branches with a constant,
/// the others share one branch with a list.
fn choices_of(schema: &Value) -> Option<Vec<String>> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let texts = values.iter().filter(|value| !value.is_null());
        return texts
            .map(|value| value.as_str().map(str::to_owned))
            .collect();
    }
    if let Some(text) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![text.to_owned()]);
    }
    let branches: Vec<Vec<String>> = schema
        .get("oneOf")?
        .as_array()?
        .iter()
        .map(choices_of)
        .collect::<Option<_>>()?;
    Some(branches.concat())
}
