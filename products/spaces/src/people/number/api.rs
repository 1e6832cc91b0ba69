//! Numbers of identity over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Created, Json, NoContent, Path, TenantCx};
use gantry_kernel::{Problem, Secret, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::{self, New};
use super::valid::{checked, last};
use super::{IdentityNumber, NumberId, NumberKind};
use crate::people::People;
use crate::people::document::Title;
use crate::people::error::Error;
use crate::student::StudentId;
use crate::student::api::by;

/// A new number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddNumber {
    /// What issued it.
    pub kind: NumberKind,
    /// What it is called, for those of another kind.
    #[serde(default)]
    pub title: Option<Title>,
    /// The number, with or without spaces.
    pub number: Secret<String>,
}

/// Why somebody has to see a number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// Goes into the audit log.
    pub reason: Text<3, 200>,
}

/// All numbers of a student.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Numbers {
    /// Oldest first.
    pub items: Vec<IdentityNumber>,
}

/// A number in full.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Revealed {
    /// The number.
    pub number: String,
}

/// Where a sealed number belongs.
fn place(id: NumberId) -> String {
    format!("student_numbers/sealed_number/{id}")
}

/// `GET /students/{student}/numbers`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Path(student): Path<StudentId>,
) -> Result<Json<Numbers>, Error> {
    let scope = cx.scope.clone();
    let items = cx
        .db
        .read(async move |tx| flow::list(tx, &scope, student).await)
        .await?;
    Ok(Json(Numbers { items }))
}

/// `POST /students/{student}/numbers`
pub async fn add(
    people: Arc<People>,
    cx: TenantCx,
    (Path(student), Body(input)): (Path<StudentId>, Body<AddNumber>),
) -> Result<Created<IdentityNumber>, Problem> {
    let (by, person) = (by(&cx), cx.principal.identity);
    let number = checked(input.kind, &input.number).map_err(Error::from)?;
    let id = people.kernel.id();
    let sealed = people.keyring.seal(
        &*people.kernel.entropy,
        &place(id),
        number.expose().as_bytes(),
    );
    let new = New {
        id,
        kind: input.kind,
        title: input.title,
        last: last(&number),
        sealed_number: sealed.map_err(Error::from)?,
    };
    let added = cx
        .write_once(async move |tx| flow::add(tx, &by, person, student, &new).await)
        .await?;
    Ok(Created::at(String::new(), added))
}

/// `POST /numbers/{number}/reveal`
pub async fn reveal(
    people: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<NumberId>, Body<Reveal>),
) -> Result<Json<Revealed>, Error> {
    let by = by(&cx);
    let sealed = cx
        .db
        .write(async move |tx| flow::reveal(tx, &by, id, &input.reason).await)
        .await?;
    let number = people.keyring.open(&place(id), &sealed)?;
    Ok(Json(Revealed {
        number: String::from_utf8_lossy(number.expose()).into_owned(),
    }))
}

/// `DELETE /numbers/{number}`
pub async fn remove(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<NumberId>,
) -> Result<NoContent, Error> {
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::remove(tx, &by, id).await)
        .await?;
    Ok(NoContent)
}
