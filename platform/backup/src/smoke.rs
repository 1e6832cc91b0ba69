//! Whether the program can serve what was restored: it is put together over the scratch databases and asked.
//!
//! This module is one of the program's and cannot put the program together; whoever composes the program hands it a
//! [`Smoke`].

use std::fmt;
use std::str::FromStr;

use futures_util::future::BoxFuture;
use gantry_db::{Databases, MigrationSet, text_value};
use gantry_kernel::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Puts the program together over other databases.
pub trait Smoke: Send + Sync + 'static {
    /// The schema of the program. Errors: why it has none, in words.
    fn migrations(&self) -> Result<MigrationSet, String>;

    /// The program over these databases. Nothing of it runs by itself: no job, no mail, no request to elsewhere. Errors: why
    /// it cannot be put together, in words.
    fn over(&self, databases: &Databases) -> Result<Box<dyn Api>, String>;
}

/// The program's API.
pub trait Api: Send + Sync {
    /// Asks about a tenant with its owner's rights, or, without one, about the installation with an operator's. Reads only.
    fn ask(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Vec<Answer>>;
}

/// A question and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BackupAnswer")]
pub struct Answer {
    /// The request, as in `GET /api/v1/tenants/{tenant}/spaces/branches`.
    pub asked: String,
    /// The status of the answer.
    pub status: u16,
}

impl Answer {
    /// Whether it was answered.
    pub const fn is_good(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// All answers of one database, as they are kept with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(pub Vec<Answer>);

impl Answers {
    /// What is wrong: the first question that was not answered, or that none was asked.
    pub(crate) fn fault(&self) -> Option<String> {
        let bad = self.0.iter().find(|answer| !answer.is_good());
        bad.map(|answer| {
            format!(
                "the API over the restored copy: {} is answered with {}",
                answer.asked, answer.status
            )
        })
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl FromStr for Answers {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }
}

text_value!(Answers);
