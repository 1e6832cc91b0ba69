//! Shared schemas. Inputs and outputs are described by two generators, since a field with a default may be left
//! out by a client but is always written by us; where both make a schema of one name that differs, the output's is renamed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

use super::closed;

pub(super) const PLACE: &str = "#/components/schemas/";

/// The two generators of one document.
pub(crate) struct Schemas {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            input: settings().for_deserialize().into_generator(),
            output: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of something clients send.
    pub(crate) fn input<T: JsonSchema>(&mut self) -> Value {
        self.input.subschema_for::<T>().to_value()
    }

    /// The schema of something we send.
    pub(crate) fn output<T: JsonSchema>(&mut self) -> Value {
        self.output.subschema_for::<T>().to_value()
    }

    /// The way to the first object in `schema`, as `body.tags[]`, whose type would drop members it does not know.
    pub(crate) fn open_place(&self, schema: &Value) -> Option<String> {
        let definitions = self.input.definitions();
        closed::open_place(schema, "body", definitions, &mut BTreeSet::new(), false)
    }

    /// The members of an object schema that clients send: its properties, and which of them are required. `None` for a schema that is not an object with properties.
    pub(crate) fn members<T: JsonSchema>(&mut self) -> Option<Members> {
        let mut schema = self.input::<T>();
        if let Some(name) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.strip_prefix(PLACE))
        {
            schema = self.input.definitions().get(name)?.clone();
        }
        let properties = schema.get("properties")?.as_object()?.clone();
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| {
                names
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
        Some(Members {
            properties,
            required,
        })
    }

    /// All definitions, and the renames to apply to references in outputs.
    pub(crate) fn merge(mut self) -> (Map<String, Value>, Vec<(String, String)>) {
        let mut all = self.input.take_definitions(true);
        let output = self.output.take_definitions(true);
        let renames: Vec<(String, String)> = output
            .iter()
            .filter(|(name, schema)| all.get(*name).is_some_and(|known| known != *schema))
            .map(|(name, _)| (name.clone(), format!("{name}Reply")))
            .collect();
        for (name, mut schema) in output {
            rename(&mut schema, &renames);
            let name = renamed(&name, &renames).unwrap_or(name);
            all.insert(name, schema);
        }
        (all, renames)
    }
}

/// See [`Schemas::members`].
pub(crate) struct Members {
    pub(crate) properties: Map<String, Value>,
    pub(crate) required: Vec<String>,
}

fn renamed(name: &str, renames: &[(String, String)]) -> Option<String> {
    renames
        .iter()
        .find(|(from, _)| from == name)
        .map(|(_, to)| to.clone())
}

/// Rewrites references to renamed schemas.
pub(crate) fn rename(value: &mut Value, renames: &[(String, String)]) {
    if renames.is_empty() {
        return;
    }
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref")
                && let Some(to) = target
                    .strip_prefix(PLACE)
                    .and_then(|name| renamed(name, renames))
            {
                *target = format!("{PLACE}{to}");
            }
            map.values_mut().for_each(|inner| rename(inner, renames));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| rename(inner, renames)),
        _ => {}
    }
}
