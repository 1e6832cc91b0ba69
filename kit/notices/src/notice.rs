//! Telling somebody, in the transaction of what happened.

use std::fmt::Display;

use gantry_db::{DbError, Tx};
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::{IdentityId, Permission, TenantId, Timestamp, define_id};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arrive::arrive;

define_id! {
    /// One notice of one person. Later ones have greater ids.
    pub struct NoticeId;
}

/// The kind of job that brings a notice to control; platform/notify does it.
pub const DELIVER: &str = "notices.deliver";

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// This person.
    Person(IdentityId),
    /// The operators of the platform who hold this permission.
    Operators(String),
}

/// What somebody is to be told.
#[derive(Clone, Debug)]
pub struct Notice {
    kind: &'static str,
    to: To,
    tenant: Option<TenantId>,
    subjects: Map<String, Value>,
    once: Option<String>,
}

impl Notice {
    /// For one person; `kind` is `module.noun.verb`. It is about their account unless it is told in a tenant's database
    /// or [`Notice::in_tenant`].
    #[must_use]
    pub fn to_person(kind: &'static str, person: IdentityId) -> Self {
        Self::new(kind, To::Person(person))
    }

    /// For the platform's operators who hold `permission`. It is about the platform, wherever it is told.
    #[must_use]
    pub fn to_operators(kind: &'static str, permission: Permission) -> Self {
        Self::new(kind, To::Operators(permission.as_str().to_owned()))
    }

    fn new(kind: &'static str, to: To) -> Self {
        Self {
            kind,
            to,
            tenant: None,
            subjects: Map::new(),
            once: None,
        }
    }

    /// In control: the workspace it is about. Whoever leaves the workspace loses the notice.
    #[must_use]
    pub const fn in_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Adds a subject: an id or a short value that the reader may see, and nothing that says who somebody is.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.subjects.insert(name.to_owned(), value.into());
        self
    }

    /// Names what happened. Of several notices of this kind with one name a person gets the first; without a name each
    /// is something else that happened.
    #[must_use]
    pub fn once(mut self, happening: impl Display) -> Self {
        self.once = Some(happening.to_string());
        self
    }
}

/// A notice on its way, as a [`DELIVER`] job carries it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Telling {
    /// What kind of thing happened.
    pub kind: String,
    /// Whom it is for.
    pub to: To,
    /// The workspace it is about.
    pub tenant: Option<TenantId>,
    /// Ids and short values.
    pub subjects: Value,
    /// The name of what happened, beginning with the kind.
    pub happening: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The name of what happened, among those of all kinds.
pub(crate) fn happening(kind: &str, name: &str) -> String {
    format!("{kind}:{name}")
}

/// Tells somebody: exactly if the transaction commits, and once, however often what brings it there is repeated.
pub async fn tell(tx: &mut Tx, notice: Notice) -> Result<(), DbError> {
    let name = notice
        .once
        .unwrap_or_else(|| tx.kernel().id::<NoticeId>().to_string());
    let tenant = match notice.to {
        // What happens in a tenant's database is the tenant's.
        To::Person(_) => tx.place().or(notice.tenant),
        To::Operators(_) => None,
    };
    let telling = Telling {
        happening: happening(notice.kind, &name),
        kind: notice.kind.to_owned(),
        to: notice.to,
        tenant,
        subjects: Value::Object(notice.subjects),
        at: tx.now(),
    };
    if let (To::Person(person), None) = (&telling.to, tx.place()) {
        let person = *person;
        return arrive(tx, &telling, person).await.map(drop);
    }
    let job = NewJob::new(DELIVER, &telling).dedupe(format!("{DELIVER}:{}", telling.happening));
    enqueue(tx, job).await.map(drop)
}
