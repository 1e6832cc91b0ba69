//! Leaving an event, in the transaction of what it tells about.

use std::fmt::Display;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{IdentityId, Permission, TenantId, UnitId, define_id};

define_id! {
    /// One event.
    pub struct EventId;
}

/// The most ids that one event names; with more it names none, and whoever shows such things reads them again.
pub const MAX_SUBJECTS: usize = 100;

/// What happened and who may know.
///
/// Without more it is for every member of the tenant. [`Event::holders`] narrows it to those who may read the subjects,
/// [`Event::person`] to one person; with both, the person sees it without reaching the unit, but not without the permission.
#[derive(Clone, Debug)]
pub struct Event {
    kind: &'static str,
    subjects: Vec<String>,
    too_many: bool,
    tenant: Option<TenantId>,
    unit: Option<UnitId>,
    permission: Option<Permission>,
    person: Option<IdentityId>,
}

impl Event {
    /// `kind` is `module.noun.verb`, as in the audit log.
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            subjects: Vec::new(),
            too_many: false,
            tenant: None,
            unit: None,
            permission: None,
            person: None,
        }
    }

    /// Names a subject by its id; never by anything that says who or what it is.
    #[must_use]
    pub fn about(mut self, id: impl Display) -> Self {
        if self.subjects.len() < MAX_SUBJECTS {
            self.subjects.push(id.to_string());
        } else {
            self.too_many = true;
        }
        self
    }

    /// In control: the tenant whose members it is for. Without one it is for [`Event::person`] alone, or for
    /// [`Event::operators`], wherever they are.
    #[must_use]
    pub const fn in_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// For those who hold `permission` over `unit`, or over the whole tenant if there is none.
    #[must_use]
    pub const fn holders(mut self, permission: Permission, unit: Option<UnitId>) -> Self {
        self.permission = Some(permission);
        self.unit = unit;
        self
    }

    /// In control: for the operators of the platform who hold this platform permission, in whatever workspace they are.
    #[must_use]
    pub const fn operators(mut self, permission: Permission) -> Self {
        self.permission = Some(permission);
        self
    }

    /// For this person.
    #[must_use]
    pub const fn person(mut self, person: IdentityId) -> Self {
        self.person = Some(person);
        self
    }
}

/// The event exists exactly if the effect does, and is on its way to readers a moment after the commit.
pub async fn emit(tx: &mut Tx, event: Event) -> Result<EventId, DbError> {
    let id = tx.kernel().id::<EventId>();
    let at = tx.now();
    let subjects = if event.too_many {
        serde_json::Value::Array(Vec::new())
    } else {
        serde_json::Value::from(event.subjects)
    };
    // What lies in a tenant's database is the tenant's.
    let tenant = event.tenant.filter(|_| tx.place().is_none());
    tx.execute(
        sql!(
            "insert into events_waiting (id, at, kind, subjects, tenant_id, unit_id, permission, person_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        &args![
            id,
            at,
            event.kind,
            subjects,
            tenant,
            event.unit,
            event.permission.map(Permission::as_str),
            event.person
        ],
    )
    .await?;
    tx.note_due(at);
    Ok(id)
}
