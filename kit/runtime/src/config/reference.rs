//! `docs/configuration.md`: every key there is, with the words of the types themselves.

use std::fmt::Write;

use super::keys::{Item, Key, Shape};
use super::load::Model;
use super::print::literal;

impl Model {
    /// All keys as Markdown, in the order of the example.
    pub fn reference(&self) -> String {
        let mut out = String::from(
            "# Configuration\n\n\
             Every key there is. Made by `gantry config reference` from the types that hold the values; do not edit it by hand.\n\n\
             A value comes from the first of these that has it: a flag of the command, the environment, the configuration file \
             (`--config`, `GANTRY_CONFIG`, else `gantry.toml` in the data directory), the default. An unknown key is refused. \
             `gantry config check` says whether a configuration can be used, `gantry config print` shows what is in force and \
             where it comes from.\n\n\
             In the environment a key is upper case, `GANTRY_` in front and `__` for each dot: `server.listen` is \
             `GANTRY_SERVER__LISTEN`. A secret may also be given as `<key>_file`, the path of a file that holds it. Times are \
             written like `30s`, `15m`, `12h`, `90d`; sizes like `16KiB`, `1MiB`; limits like `100/1m`.\n",
        );
        for item in &self.keys.items {
            // Writing to a String cannot fail.
            let _infallible = match item {
                Item::Table { path, doc } => writeln!(out, "\n## `[{path}]`\n\n{}", prose(doc)),
                Item::Key(key) => writeln!(out, "\n{}", entry(key)),
            };
        }
        out
    }
}

/// One paragraph: the lines of a comment end where the source file does, not where a reader's does.
fn prose(doc: &str) -> String {
    doc.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn entry(key: &Key) -> String {
    let kind = match &key.shape {
        Shape::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|one| format!("`{one}`")).collect();
            choices.join(", ")
        }
        Shape::Text => "text".to_owned(),
        Shape::Integer => "whole number".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::List => "list".to_owned(),
        Shape::Any => "any value".to_owned(),
    };
    let kind = if key.secret {
        format!("{kind}, secret")
    } else {
        kind
    };
    let default = match &key.default {
        Some(value) if !key.secret => format!("default `{}`", literal(value)),
        _ => "not set by default".to_owned(),
    };
    format!(
        "### `{}`\n\n{kind}; {default}\n\n{}",
        key.path,
        prose(&key.doc)
    )
}
