//! `gantry config example`: every key there is, commented out at its default, with the words of the
//! types themselves.

use std::fmt::Write;

use serde_json::Value;

use super::keys::{Item, Key, Shape};
use super::load::Model;
use super::print::literal;

impl Model {
    /// A configuration file in which everything is commented out. Removing the `#` of a line that
    /// reads `#key = value` changes nothing; lines of prose begin with `# `.
    pub fn example(&self) -> String {
        let mut out = String::from(
            "# Every key there is, at its default. Remove the # in front of a key to set it.\n\
             # Order: defaults, this file, GANTRY_<SECTION>__<KEY> in the environment, flags; the later wins.\n\
             # A secret may also be given as <key>_file, the path of a file that holds it.\n",
        );
        for item in &self.keys.items {
            // Writing to a String cannot fail.
            let _infallible = match item {
                Item::Table { path, doc } => writeln!(out, "\n{}[{path}]", prose(doc)),
                Item::Key(key) => writeln!(out, "\n{}{}", prose(&key.doc), setting(key)),
            };
        }
        out
    }
}

fn prose(doc: &str) -> String {
    doc.lines().fold(String::new(), |mut text, line| {
        text.push_str("# ");
        text.push_str(line.trim());
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    })
}

fn setting(key: &Key) -> String {
    let name = key.path.rsplit('.').next().unwrap_or(&key.path);
    let choices = match &key.shape {
        Shape::Choice(choices) => format!("# One of: {}.\n", choices.join(", ")),
        _ => String::new(),
    };
    match &key.default {
        Some(value) if !key.secret => format!("{choices}#{name} = {}", literal(value)),
        _ => format!(
            "{choices}# Not set unless written: {name} = {}",
            placeholder(&key.shape)
        ),
    }
}

fn placeholder(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Any => "\"...\"".to_owned(),
        Shape::Choice(choices) => literal(&Value::from(
            choices.first().map(String::as_str).unwrap_or_default(),
        )),
        Shape::Integer | Shape::Number => "0".to_owned(),
        Shape::Bool => "false".to_owned(),
        Shape::List => "[]".to_owned(),
    }
}
