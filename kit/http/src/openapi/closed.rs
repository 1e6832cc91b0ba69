//! Whether everything a client may send is known: a misspelt member that is dropped in silence looks to the client as
//! if it had been obeyed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::schemas::PLACE;

/// The way to the first object of `schema` that takes members it does not know; maps, whose members have no known
/// names, excepted. `covered` says that the object around it already refuses them, as flattened parts have it.
pub(super) fn open_place(
    schema: &Value,
    way: &str,
    definitions: &Map<String, Value>,
    seen: &mut BTreeSet<(String, bool)>,
    covered: bool,
) -> Option<String> {
    let schema = schema.as_object()?;
    if let Some(name) = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| target.strip_prefix(PLACE))
        && seen.insert((name.to_owned(), covered))
        && let Some(target) = definitions.get(name)
        && let Some(place) = open_place(target, way, definitions, seen, covered)
    {
        return Some(place);
    }
    let closed = covered || refuses_unknown(schema);
    if !closed && is_struct(schema) {
        return Some(way.to_owned());
    }
    let parts = ["allOf", "anyOf", "oneOf", "prefixItems"]
        .into_iter()
        .filter_map(|word| Some((word, schema.get(word)?.as_array()?)))
        .flat_map(|(word, parts)| parts.iter().map(move |part| (word, part)));
    for (word, part) in parts {
        let covered = closed && word != "prefixItems";
        if let Some(place) = open_place(part, way, definitions, seen, covered) {
            return Some(place);
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let members = properties
        .into_iter()
        .flatten()
        .map(|(name, inner)| (format!("{way}.{name}"), inner));
    let items = schema.get("items").map(|inner| (format!("{way}[]"), inner));
    let values = schema
        .get("additionalProperties")
        .map(|inner| (format!("{way}.*"), inner));
    members
        .chain(items)
        .chain(values)
        .find_map(|(way, inner)| open_place(inner, &way, definitions, seen, false))
}

fn refuses_unknown(schema: &Map<String, Value>) -> bool {
    ["additionalProperties", "unevaluatedProperties"]
        .into_iter()
        .any(|word| schema.get(word) == Some(&Value::Bool(false)))
}

/// An object with named members, or with none at all; a map says what its members are.
fn is_struct(schema: &Map<String, Value>) -> bool {
    schema.contains_key("properties")
        || (schema.get("type").is_some_and(is_object)
            && !schema.contains_key("additionalProperties"))
}

fn is_object(kind: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(is_object),
        kind => kind == "object",
    }
}
