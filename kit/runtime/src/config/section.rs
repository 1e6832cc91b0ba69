//! A module's own section: its struct says which keys there are, what they mean and what they are
//! when nobody says anything.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A parsed section, whatever its type.
pub trait Settings: Any + fmt::Debug + Send + Sync {}

impl<C: Any + fmt::Debug + Send + Sync> Settings for C {}

/// What a section says about its own values once they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The values cannot stand together: start-up is refused.
    Refused {
        /// The key to change, without the section's name.
        key: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// Something is not configured; Gantry runs, and this is what it means.
    Missing {
        /// What is missing: `smtp`.
        what: &'static str,
        /// What happens instead: `mail is held, see /console/mail`.
        meaning: String,
    },
}

type Parse = dyn Fn(Value) -> Result<Arc<dyn Settings>, serde_json::Error> + Send + Sync;
type Review = dyn Fn(&dyn Any) -> Vec<Remark> + Send + Sync;

/// One `[section]` of the configuration, tied to the type that holds it.
///
/// The type carries `#[serde(default, deny_unknown_fields)]`, so that every key is optional, and
/// doc comments, which become the documented example.
#[derive(Clone)]
pub struct ConfigSection {
    name: &'static str,
    schema: Value,
    parse: Arc<Parse>,
    review: Arc<Review>,
}

impl ConfigSection {
    /// The section `[name]`, read into `C`. The empty name is the top of the file.
    pub fn of<C>(name: &'static str) -> Self
    where
        C: Default + DeserializeOwned + JsonSchema + fmt::Debug + Send + Sync + 'static,
    {
        Self::reviewed::<C>(name, |_| Vec::new())
    }

    /// As [`ConfigSection::of`], with rules that look at several keys at once and remarks on what
    /// is not configured.
    pub fn reviewed<C>(
        name: &'static str,
        review: impl Fn(&C) -> Vec<Remark> + Send + Sync + 'static,
    ) -> Self
    where
        C: Default + DeserializeOwned + JsonSchema + fmt::Debug + Send + Sync + 'static,
    {
        let schema = SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<C>();
        Self {
            name,
            schema: schema.to_value(),
            parse: Arc::new(|value| {
                let parsed: C = serde_json::from_value(value)?;
                Ok(Arc::new(parsed))
            }),
            review: Arc::new(move |any| any.downcast_ref().map(&review).unwrap_or_default()),
        }
    }

    /// The section's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    pub(super) fn parse(&self, value: Value) -> Result<Arc<dyn Settings>, serde_json::Error> {
        (self.parse)(value)
    }

    pub(super) fn review(&self, settings: &dyn Settings) -> Vec<Remark> {
        (self.review)(settings as &dyn Any)
    }

    /// A key as it is spelt in full: `server.listen`, or `master_key` at the top.
    pub(super) fn full_key(&self, key: &str) -> String {
        match self.name {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }
}

impl fmt::Debug for ConfigSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigSection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
