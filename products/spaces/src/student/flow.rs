//! Entering and changing students: what the list must hold, in the caller's transaction.

use std::collections::HashSet;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_contracts::within_limit;
use gantry_db::{DbError, Tx};
use gantry_kernel::{Actor, CivilDate, Origin, Scope, UnitId};

use super::model::{Code, Student, StudentFields, StudentId, has_letters};
use super::neighbours::{Clash, Neighbours};
use super::store::{self, Entrance};
use crate::allowance::STUDENTS;
use crate::branch;
use crate::error::Error;
use crate::events::Touched;
use crate::people;

/// On whose behalf something is done.
#[derive(Debug, Clone)]
pub struct By {
    /// What the caller reaches with the permission in question.
    pub scope: Scope,
    /// Who it is.
    pub actor: Actor,
    /// Where from.
    pub origin: Origin,
}

/// Enters one student, of whom there may be `limit`.
///
/// Errors: [`Error::Limit`], [`Error::StudentExists`] for the same phone and name, [`Error::PhoneShared`] for the same phone
/// and another name unless `shares_phone`, and those of `open_branch`.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    fields: &StudentFields,
    shares_phone: bool,
    limit: Option<i64>,
) -> Result<Student, Error> {
    let today = open_branch(tx, &by.scope, fields.branch_id).await?;
    check(fields, today)?;
    let neighbours = Neighbours::of(tx, None, fields).await?;
    if let Some(clash) = neighbours.clash() {
        return Err(refusal(&by.scope, clash));
    }
    if !shares_phone && neighbours.share_phone(&by.scope) {
        return Err(Error::PhoneShared);
    }
    let entrance = Entrance {
        today,
        import_id: None,
        reserved: &HashSet::new(),
    };
    let (student, held) = store::insert(tx, fields, entrance).await.map_err(raced)?;
    within_limit(STUDENTS, limit, held)?;
    record(tx, by, "spaces.student.created", &student).await?;
    Ok(student)
}

/// Changes one student over the version the caller saw.
///
/// Errors: [`Error::NotFound`], [`Error::Stale`], and those of [`create`]. Moving to another branch needs
/// both within the scope.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: StudentId,
    version: i64,
    change: impl FnOnce(&mut StudentFields),
    shares_phone: bool,
) -> Result<Student, Error> {
    let stored = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    if stored.version != version {
        return Err(Error::Stale);
    }
    let (code, joined_on) = (stored.code.clone(), stored.joined_on);
    let (phone, branch) = (stored.phone.clone(), stored.branch_id);
    let mut fields = StudentFields::from(stored);
    change(&mut fields);
    let today = if fields.branch_id == branch {
        known_branch(tx, &by.scope, branch)
            .await?
            .time_zone
            .date_at(tx.now())
    } else {
        open_branch(tx, &by.scope, fields.branch_id).await?
    };
    check(&fields, today)?;
    let neighbours = Neighbours::of(tx, Some(id), &fields).await?;
    if let Some(clash) = neighbours.clash() {
        return Err(refusal(&by.scope, clash));
    }
    if fields.phone != phone && !shares_phone && neighbours.share_phone(&by.scope) {
        return Err(Error::PhoneShared);
    }
    let code: Code = fields.code.clone().unwrap_or(code);
    let joined_on = fields.joined_on.unwrap_or(joined_on);
    let updated = store::update(tx, &by.scope, id, version, &fields, (&code, joined_on)).await;
    let student = updated.map_err(raced)?.ok_or(Error::Stale)?;
    if student.branch_id != branch {
        let mut left = Touched::default();
        left.note(branch, id);
        left.tell(tx).await?;
    }
    record(tx, by, "spaces.student.updated", &student).await?;
    Ok(student)
}

/// Removes one student of the version the caller saw.
///
/// Errors: [`Error::StudentInUse`]; such a student can be set to left instead.
pub async fn delete(tx: &mut Tx, by: &By, id: StudentId, version: i64) -> Result<(), Error> {
    let student = store::by_id(tx, &by.scope, id)
        .await?
        .ok_or(Error::NotFound)?;
    if student.version != version {
        return Err(Error::Stale);
    }
    people::forget_student(tx, id).await?;
    let deleted = store::delete(tx, &by.scope, id, version).await;
    let deleted = deleted.map_err(|error| match error {
        DbError::ForeignKey { .. } => Error::StudentInUse,
        other => other.into(),
    });
    if !deleted? {
        return Err(Error::Stale);
    }
    record(tx, by, "spaces.student.deleted", &student).await
}

/// The day it is in a branch within the scope that takes students.
///
/// Errors: [`Error::BranchUnknown`], [`Error::BranchInactive`].
async fn open_branch(tx: &mut Tx, scope: &Scope, id: UnitId) -> Result<CivilDate, Error> {
    let branch = known_branch(tx, scope, id).await?;
    if branch.active {
        Ok(branch.time_zone.date_at(tx.now()))
    } else {
        Err(Error::BranchInactive)
    }
}

async fn known_branch(tx: &mut Tx, scope: &Scope, id: UnitId) -> Result<branch::Branch, Error> {
    branch::store::by_id(tx, scope, id)
        .await?
        .ok_or(Error::BranchUnknown)
}

fn check(fields: &StudentFields, today: CivilDate) -> Result<(), Error> {
    if !has_letters(&fields.name) {
        return Err(Error::NameWithoutLetters);
    }
    if fields.date_of_birth.is_some_and(|born| born > today) {
        return Err(Error::BirthInFuture);
    }
    Ok(())
}

/// The existing record is named only to somebody who may see it; that there is one cannot be hidden, as
/// codes and persons are unique in the whole tenant.
fn refusal(scope: &Scope, clash: Clash) -> Error {
    match clash {
        Clash::Code => Error::StudentCodeTaken,
        Clash::Person { id, branch_id } => {
            Error::StudentExists(scope.covers_unit(branch_id).then_some(id))
        }
    }
}

fn raced(error: DbError) -> Error {
    if error.is_unique_on("students", "code_folded") {
        Error::StudentCodeTaken
    } else if error.is_unique_on("students", "phone") {
        Error::StudentExists(None)
    } else {
        error.into()
    }
}

async fn record(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    student: &Student,
) -> Result<(), Error> {
    let facts = Facts::new()
        .with("branch_id", student.branch_id)
        .with("status", student.status.as_str())
        .with("version", student.version);
    let entry = Entry::new(by.actor, action, Target::new("student", student.id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    let mut touched = Touched::default();
    touched.note(student.branch_id, student.id);
    Ok(touched.tell(tx).await?)
}
