//! What an audit row may say about a thing: named, bounded, without secrets.
//!
//! Rows are kept for more than a year and cannot be changed, so what enters must be safe to keep.
//! A fact is always named in the code that writes it (never a whole record serialised), and only
//! types that implement [`Fact`] are taken: secrets and e-mail addresses do not, on purpose.

use std::fmt::Display;

use gantry_kernel::{
    CivilDate, IdentityId, JobId, Permission, SessionId, Slug, TenantId, Text, Timestamp, UnitId,
};
use serde_json::{Map, Value};

/// Longest text of one fact, in characters; longer ones are cut and end in `…`.
pub const MAX_TEXT: usize = 200;
/// Most facts of one side of an entry; a list counts as one.
pub const MAX_FACTS: usize = 32;
/// Most elements of a list; the rest is replaced by one element that says how many were left out.
pub const MAX_LIST: usize = 50;

/// A value that may be written into an audit row: it identifies or measures, and is not personal.
///
/// A secret cannot be one:
/// ```compile_fail
/// use gantry_kernel::Secret;
/// let _ = gantry_audit::Facts::new().with("token", &Secret::new(String::from("abc")));
/// ```
/// nor can an e-mail address, which erasure must be able to forget:
/// ```compile_fail
/// fn record(email: &gantry_kernel::Email) -> gantry_audit::Facts {
///     gantry_audit::Facts::new().with("email", email)
/// }
/// ```
pub trait Fact {
    /// The value as JSON, within the bounds of this module.
    fn to_fact(&self) -> Value;
}

/// Facts about the target before or after an act.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts(Map<String, Value>);

impl Facts {
    /// No facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one named fact. The same name twice keeps the later one; beyond [`MAX_FACTS`] further
    /// names are dropped and `"…"` says so.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: impl Fact) -> Self {
        self.put(name, fact.to_fact());
        self
    }

    /// Adds one named fact from a list.
    #[must_use]
    pub fn with_list<F: Fact>(
        mut self,
        name: &'static str,
        facts: impl IntoIterator<Item = F>,
    ) -> Self {
        let mut facts = facts.into_iter();
        let mut list: Vec<Value> = facts.by_ref().take(MAX_LIST).map(|f| f.to_fact()).collect();
        let left_out = facts.count();
        if left_out > 0 {
            list.push(Value::String(format!("… and {left_out} more")));
        }
        self.put(name, Value::Array(list));
        self
    }

    /// The facts as a JSON object, `None` when there are none.
    pub(crate) fn into_json(self) -> Option<Value> {
        (!self.0.is_empty()).then_some(Value::Object(self.0))
    }

    fn put(&mut self, name: &'static str, value: Value) {
        if self.0.len() < MAX_FACTS || self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value);
        } else {
            self.0.insert(
                "…".to_owned(),
                Value::String("further facts left out".to_owned()),
            );
        }
    }
}

/// `text` without control characters and not longer than `max` characters.
pub(crate) fn bounded(text: &str, max: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= max {
        return text.chars().map(clean).collect();
    }
    let mut cut: String = text
        .chars()
        .take(max.saturating_sub(1))
        .map(clean)
        .collect();
    cut.push('…');
    cut
}

fn shown(value: &impl Display) -> Value {
    Value::String(bounded(&value.to_string(), MAX_TEXT))
}

impl Fact for str {
    fn to_fact(&self) -> Value {
        Value::String(bounded(self, MAX_TEXT))
    }
}

impl Fact for String {
    fn to_fact(&self) -> Value {
        self.as_str().to_fact()
    }
}

macro_rules! plain_facts {
    ($($plain:ty),*) => {$(
        impl Fact for $plain {
            fn to_fact(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}
plain_facts!(bool, i32, i64, u32, u64, usize);

macro_rules! shown_facts {
    ($($shown:ty),*) => {$(
        impl Fact for $shown {
            fn to_fact(&self) -> Value {
                shown(self)
            }
        }
    )*};
}
shown_facts!(
    Timestamp, CivilDate, Slug, Permission, TenantId, IdentityId, SessionId, UnitId, JobId
);

impl<const MIN: usize, const MAX: usize> Fact for Text<MIN, MAX> {
    fn to_fact(&self) -> Value {
        shown(self)
    }
}

impl<F: Fact + ?Sized> Fact for &F {
    fn to_fact(&self) -> Value {
        (**self).to_fact()
    }
}

impl<F: Fact> Fact for Option<F> {
    fn to_fact(&self) -> Value {
        self.as_ref().map_or(Value::Null, Fact::to_fact)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_keep_their_kinds_and_order() {
        let facts = Facts::new()
            .with("state", "active")
            .with("seats", 3_i64)
            .with("open", true);
        assert_eq!(
            facts.into_json(),
            Some(json!({"state": "active", "seats": 3, "open": true}))
        );
        assert_eq!(Facts::new().into_json(), None);
    }

    #[test]
    fn long_text_and_control_characters_do_not_get_in() {
        let facts = Facts::new().with("reason", format!("a\nb{}", "x".repeat(1_000)));
        let json = facts.into_json().unwrap();
        let reason = json["reason"].as_str().unwrap();
        assert_eq!(reason.chars().count(), MAX_TEXT);
        assert!(
            reason.starts_with("a bx") && reason.ends_with('…'),
            "{reason}"
        );
    }

    #[test]
    fn lists_are_cut_with_a_count() {
        let json = Facts::new().with_list("n", 0..100_i64).into_json().unwrap();
        let list = json["n"].as_array().unwrap();
        assert_eq!(list.len(), MAX_LIST + 1);
        assert_eq!(list[MAX_LIST], json!("… and 50 more"));
    }
}
