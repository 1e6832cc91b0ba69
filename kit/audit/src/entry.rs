//! One audit row on its way in: who did what to what, with which outcome.

use std::fmt::Display;

use gantry_kernel::{Actor, Origin, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// How the audited act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The effect is in the same transaction as the row.
    Done,
    /// It was refused; nothing changed.
    Denied,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

/// What an act was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) kind: &'static str,
    pub(crate) id: Option<String>,
}

impl Target {
    /// One thing, e.g. `Target::new("tenant", tenant_id)`. The id identifies and is not personal:
    /// an e-mail address is not an id.
    pub fn new(kind: &'static str, id: impl Display) -> Self {
        Self {
            kind,
            id: Some(id.to_string()),
        }
    }

    /// A thing that has no id, e.g. a log-in of an unknown account.
    pub const fn of_kind(kind: &'static str) -> Self {
        Self { kind, id: None }
    }
}

/// A row to append. Made with [`Entry::new`] and completed by the chained methods.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) actor: Actor,
    pub(crate) action: &'static str,
    pub(crate) target: Target,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) outcome: Outcome,
    pub(crate) before: Facts,
    pub(crate) after: Facts,
    pub(crate) origin: Origin,
}

impl Entry {
    /// `action` is stable and dotted, module first, past participle last: `tenancy.tenant.suspended`.
    pub fn new(actor: Actor, action: &'static str, target: Target) -> Self {
        Self {
            actor,
            action,
            target,
            tenant: None,
            outcome: Outcome::Done,
            before: Facts::new(),
            after: Facts::new(),
            origin: Origin::default(),
        }
    }

    /// Where the request came from; without it the row says that nobody outside asked.
    #[must_use]
    pub fn origin(mut self, origin: &Origin) -> Self {
        self.origin = origin.clone();
        self
    }

    /// The tenant that a control row is about, so that it appears on the tenant's page. Rows in a
    /// tenant's own database do not need it.
    #[must_use]
    pub const fn about(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// The act was refused.
    #[must_use]
    pub const fn denied(mut self) -> Self {
        self.outcome = Outcome::Denied;
        self
    }

    /// What changed facts were before the act.
    #[must_use]
    pub fn before(mut self, facts: Facts) -> Self {
        self.before = facts;
        self
    }

    /// What they are after it, or what was asked for if it was refused.
    #[must_use]
    pub fn after(mut self, facts: Facts) -> Self {
        self.after = facts;
        self
    }
}
