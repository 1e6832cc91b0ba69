//! The migrations of one kind of database as a list that can be written down, and a plan cut back to
//! such a list: a copy is loaded into the schema it was taken from.

use super::{Applied, Plan, ddl};
use crate::DbError;

/// One migration as it was applied to a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaStep {
    /// The module it belongs to.
    pub module: String,
    /// Its number within the module.
    pub number: i64,
    /// Its file's name.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal.
    pub checksum: String,
}

impl From<Applied> for SchemaStep {
    fn from(row: Applied) -> Self {
        Self {
            module: row.module,
            number: row.number,
            name: row.name,
            checksum: row.checksum,
        }
    }
}

impl Plan {
    /// The part of this plan that made a database, in this plan's order.
    pub(crate) fn cut_to(&self, applied: &[SchemaStep]) -> Result<Self, DbError> {
        for row in applied {
            let known = self
                .steps
                .iter()
                .find(|step| step.module == row.module && step.migration.number == row.number);
            match known {
                None => {
                    return Err(DbError::Migration(format!(
                        "{}/{} is unknown to this program; run the newer program that has it",
                        row.module, row.name
                    )));
                }
                Some(step) if step.checksum != row.checksum => {
                    return Err(DbError::Migration(format!(
                        "{}/{} has other contents than this program's migration of that number",
                        row.module, row.name
                    )));
                }
                Some(_) => {}
            }
        }
        let steps = self.steps.iter().filter(|step| {
            applied
                .iter()
                .any(|row| row.module == step.module && row.number == step.migration.number)
        });
        Ok(Self {
            steps: steps.cloned().collect(),
        })
    }

    /// The plan as a list.
    pub(crate) fn schema(&self) -> Vec<SchemaStep> {
        let steps = self.steps.iter().map(|step| SchemaStep {
            module: step.module.to_owned(),
            number: step.migration.number,
            name: step.migration.name.to_owned(),
            checksum: step.checksum.clone(),
        });
        steps.collect()
    }

    /// The whole schema as SQLite understands it, its columns declared with our words for kinds.
    pub(crate) fn kinds(&self) -> Result<String, DbError> {
        let mut text = String::new();
        for step in &self.steps {
            text.push_str(&ddl::render_kinds(step.migration.source)?);
            text.push_str("\n;\n");
        }
        Ok(text)
    }
}
