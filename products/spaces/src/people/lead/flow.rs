//! The acts on a lead, in the caller's transaction.

use gantry_audit::{Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{IdentityId, Scope};

use super::store;
use super::{Lead, LeadId, SamePhone, Stage};
use crate::branch;
use crate::people::error::Error;
use crate::people::permission::LEAD_READ;
use crate::people::record::{Act, record};
use crate::people::referral;
use crate::student::flow::By;
use crate::student::{self, Student, StudentFields, has_letters};

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: LeadId) -> Result<Lead, Error> {
    let lead = store::by_id(tx, scope, id).await?;
    lead.ok_or(Error::NotFound)
}

/// Enters a lead of which all but its id, version and times is given.
pub(super) async fn create(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    make: impl Fn(LeadId) -> Lead,
) -> Result<Lead, Error> {
    let mut lead = make(tx.kernel().id());
    let branch = branch::store::by_id(tx, &by.scope, lead.branch_id).await?;
    branch.ok_or(Error::BranchUnknown)?;
    lead.created_by = person;
    lead.created_at = tx.now();
    lead.updated_at = lead.created_at;
    check(&lead)?;
    store::insert(tx, &lead).await?;
    told(tx, by, "spaces.lead.created", &lead).await?;
    Ok(lead)
}

/// Changes a lead over the version the caller saw. One that was won is a student now, and is changed there.
pub(super) async fn update(
    tx: &mut Tx,
    by: &By,
    id: LeadId,
    version: i64,
    change: impl FnOnce(&mut Lead),
) -> Result<Lead, Error> {
    let mut lead = find(tx, &by.scope, id).await?;
    if lead.version != version {
        return Err(Error::Stale);
    }
    if lead.stage == Stage::Won {
        return Err(Error::LeadWon);
    }
    change(&mut lead);
    check(&lead)?;
    write(tx, by, &mut lead, "spaces.lead.updated").await?;
    Ok(lead)
}

/// Only a conversion wins a lead.
fn check(lead: &Lead) -> Result<(), Error> {
    if !has_letters(&lead.name) {
        return Err(Error::NameWithoutLetters);
    }
    if lead.stage == Stage::Won {
        return Err(Error::WonByConversion);
    }
    Ok(())
}

async fn write(tx: &mut Tx, by: &By, lead: &mut Lead, action: &'static str) -> Result<(), Error> {
    lead.version += 1;
    lead.updated_at = tx.now();
    if !store::update(tx, lead).await? {
        return Err(Error::Stale);
    }
    told(tx, by, action, lead).await
}

/// Who else has the phone.
pub(super) async fn same_phone(tx: &mut Tx, by: &By, id: LeadId) -> Result<SamePhone, Error> {
    let lead = find(tx, &by.scope, id).await?;
    Ok(SamePhone {
        students: store::students_with(tx, &by.scope, &lead.phone).await?,
        leads: store::others_with(tx, &by.scope, &lead).await?,
    })
}

/// Makes a student of a lead: the student, the lead's end and the referral's reward are one act.
pub(super) async fn convert(
    tx: &mut Tx,
    by: &By,
    students: &By,
    id: LeadId,
    (fill, shares_phone): (impl FnOnce(&mut StudentFields), bool),
    limit: Option<i64>,
) -> Result<Student, Error> {
    let mut lead = find(tx, &by.scope, id).await?;
    if lead.stage == Stage::Won {
        return Err(Error::LeadWon);
    }
    let mut fields = StudentFields {
        branch_id: lead.branch_id,
        code: None,
        name: lead.name.clone(),
        phone: lead.phone.clone(),
        email: lead.email.clone(),
        guardian_name: None,
        guardian_phone: None,
        date_of_birth: None,
        gender: None,
        joined_on: None,
        status: student::Status::Active,
        notes: lead.notes.clone(),
    };
    fill(&mut fields);
    let made = student::flow::create(tx, students, &fields, shares_phone, limit).await?;
    lead.stage = Stage::Won;
    lead.student_id = Some(made.id);
    lead.follow_up_on = None;
    write(tx, by, &mut lead, "spaces.lead.won").await?;
    referral::earn(tx, by, id).await?;
    Ok(made)
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, lead: &Lead) -> Result<(), Error> {
    let facts = Facts::new()
        .with("stage", lead.stage.as_str())
        .with("source", lead.source.as_str())
        .with("student_id", lead.student_id.map(|id| id.to_string()))
        .with("version", lead.version);
    let act = Act {
        action,
        event: "spaces.lead.changed",
        target: Target::new("lead", lead.id),
        subject: lead.id.to_string(),
        readers: LEAD_READ,
        branch: Some(lead.branch_id),
    };
    Ok(record(tx, by, act, facts).await?)
}
