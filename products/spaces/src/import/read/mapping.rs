//! Which column means what: proposed from the header, then corrected by the person who has the file.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::{Field, recognise};

/// Column numbers (from 1) by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<Field, u32>);

/// Why a mapping cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMapping {
    /// A field every student has is not mapped.
    #[error("no column is mapped to {}", .0.as_str())]
    Missing(Field),
    /// A number that no column has.
    #[error("the file has no column {number} for {}", .field.as_str())]
    NoSuchColumn {
        /// The field.
        field: Field,
        /// The number given.
        number: u32,
    },
    /// One column for two fields.
    #[error("column {number} is mapped to {} and to another field", .field.as_str())]
    Twice {
        /// The later of the two fields.
        field: Field,
        /// The column.
        number: u32,
    },
}

impl BadMapping {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "field_unmapped",
            Self::NoSuchColumn { .. } => "no_such_column",
            Self::Twice { .. } => "column_mapped_twice",
        }
    }

    /// The field it is about.
    pub const fn field(&self) -> Field {
        match self {
            Self::Missing(field) | Self::NoSuchColumn { field, .. } | Self::Twice { field, .. } => {
                *field
            }
        }
    }
}

impl Mapping {
    /// The mapping that the header suggests; of two columns with the same meaning the first counts.
    pub fn propose(columns: &[String]) -> Self {
        let mut mapping = BTreeMap::new();
        for (number, header) in (1..).zip(columns) {
            if let Some(field) = recognise(header) {
                mapping.entry(field).or_insert(number);
            }
        }
        Self(mapping)
    }

    /// Whether every column exists and is used once.
    pub fn fits(&self, columns: &[String]) -> Result<(), BadMapping> {
        let mut seen = BTreeSet::new();
        for (field, number) in &self.0 {
            if *number == 0 || usize::try_from(*number).is_ok_and(|n| n > columns.len()) {
                return Err(BadMapping::NoSuchColumn {
                    field: *field,
                    number: *number,
                });
            }
            if !seen.insert(*number) {
                return Err(BadMapping::Twice {
                    field: *field,
                    number: *number,
                });
            }
        }
        Ok(())
    }

    /// Whether it fits and nothing that every student has is missing.
    pub fn complete(&self, columns: &[String]) -> Result<(), BadMapping> {
        self.fits(columns)?;
        match [Field::Name, Field::Phone]
            .into_iter()
            .find(|f| !self.0.contains_key(f))
        {
            Some(field) => Err(BadMapping::Missing(field)),
            None => Ok(()),
        }
    }

    /// Position (from 0) of a field's column.
    pub fn index(&self, field: Field) -> Option<usize> {
        self.0
            .get(&field)
            .and_then(|number| usize::try_from(*number).ok()?.checked_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_mapping_is_checked_against_the_file() {
        let columns = columns(&["Name", "Mobile", "Mobile 2"]);
        let proposed = Mapping::propose(&columns);
        assert_eq!(
            proposed.0,
            BTreeMap::from([(Field::Name, 1), (Field::Phone, 2)])
        );
        assert_eq!(proposed.complete(&columns), Ok(()));
        let bad = |pairs: &[(Field, u32)]| Mapping(pairs.iter().copied().collect());
        assert_eq!(
            bad(&[(Field::Name, 1)]).complete(&columns),
            Err(BadMapping::Missing(Field::Phone))
        );
        assert_eq!(
            bad(&[(Field::Name, 4)]).fits(&columns),
            Err(BadMapping::NoSuchColumn {
                field: Field::Name,
                number: 4
            })
        );
        assert_eq!(
            bad(&[(Field::Name, 1), (Field::Phone, 1)]).fits(&columns),
            Err(BadMapping::Twice {
                field: Field::Phone,
                number: 1
            })
        );
    }
}
