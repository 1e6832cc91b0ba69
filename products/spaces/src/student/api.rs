//! Students over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{CivilDate, Email, Problem, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow::{self, By};
use super::list::{self, Filter, Order};
use super::model::{Code, Gender, Name, Notes, Status, Student, StudentFields, StudentId};
use super::store;
use crate::allowance::Allowance;
use crate::error::Error;
use crate::patch;
use crate::phone::Phone;

/// A new student.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStudent {
    /// The branch the student belongs to.
    pub branch_id: UnitId,
    /// Unique code; made up when absent.
    #[serde(default)]
    pub code: Option<Code>,
    /// Full name.
    pub name: Name,
    /// Phone as people write it; without a country code it is Indian.
    pub phone: Phone,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<Email>,
    /// Parent or guardian.
    #[serde(default)]
    pub guardian_name: Option<Name>,
    /// Their phone.
    #[serde(default)]
    pub guardian_phone: Option<Phone>,
    /// Day of birth.
    #[serde(default)]
    pub date_of_birth: Option<CivilDate>,
    /// Gender.
    #[serde(default)]
    pub gender: Option<Gender>,
    /// First day; today in the branch when absent.
    #[serde(default)]
    pub joined_on: Option<CivilDate>,
    /// Active when absent.
    #[serde(default)]
    pub status: Option<Status>,
    /// Free text.
    #[serde(default)]
    pub notes: Option<Notes>,
    /// Says that the phone may belong to another student too, as siblings share one.
    #[serde(default)]
    pub shares_phone: bool,
}

impl From<CreateStudent> for StudentFields {
    fn from(input: CreateStudent) -> Self {
        Self {
            branch_id: input.branch_id,
            code: input.code,
            name: input.name,
            phone: input.phone,
            email: input.email,
            guardian_name: input.guardian_name,
            guardian_phone: input.guardian_phone,
            date_of_birth: input.date_of_birth,
            gender: input.gender,
            joined_on: input.joined_on,
            status: input.status.unwrap_or(Status::Active),
            notes: input.notes,
        }
    }
}

/// Changes of a student: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateStudent {
    /// Moves the student; needs both branches within the scope.
    pub branch_id: Option<UnitId>,
    /// New code.
    pub code: Option<Code>,
    /// New name.
    pub name: Option<Name>,
    /// New phone.
    pub phone: Option<Phone>,
    /// New e-mail address.
    #[serde(deserialize_with = "patch::given")]
    pub email: Option<Option<Email>>,
    /// New guardian.
    #[serde(deserialize_with = "patch::given")]
    pub guardian_name: Option<Option<Name>>,
    /// Their new phone.
    #[serde(deserialize_with = "patch::given")]
    pub guardian_phone: Option<Option<Phone>>,
    /// New day of birth.
    #[serde(deserialize_with = "patch::given")]
    pub date_of_birth: Option<Option<CivilDate>>,
    /// New gender.
    #[serde(deserialize_with = "patch::given")]
    pub gender: Option<Option<Gender>>,
    /// New first day.
    pub joined_on: Option<CivilDate>,
    /// New status.
    pub status: Option<Status>,
    /// New free text.
    #[serde(deserialize_with = "patch::given")]
    pub notes: Option<Option<Notes>>,
    /// Says that the new phone may belong to another student too.
    pub shares_phone: bool,
}

impl UpdateStudent {
    fn apply(&self, fields: &mut StudentFields) {
        fn set<T: Clone>(target: &mut T, change: Option<&T>) {
            if let Some(value) = change {
                target.clone_from(value);
            }
        }
        set(&mut fields.branch_id, self.branch_id.as_ref());
        set(&mut fields.name, self.name.as_ref());
        set(&mut fields.phone, self.phone.as_ref());
        set(&mut fields.email, self.email.as_ref());
        set(&mut fields.guardian_name, self.guardian_name.as_ref());
        set(&mut fields.guardian_phone, self.guardian_phone.as_ref());
        set(&mut fields.date_of_birth, self.date_of_birth.as_ref());
        set(&mut fields.gender, self.gender.as_ref());
        set(&mut fields.status, self.status.as_ref());
        set(&mut fields.notes, self.notes.as_ref());
        if self.code.is_some() {
            fields.code.clone_from(&self.code);
        }
        if self.joined_on.is_some() {
            fields.joined_on = self.joined_on;
        }
    }
}

/// Which students, in which order.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListStudents {
    /// Words to find in name, code or phone; all of the first four must match, without regard to case and
    /// accents. Of a longer text the first 200 characters count.
    #[serde(default)]
    pub q: Option<String>,
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this status.
    #[serde(default)]
    pub status: Option<Status>,
    /// Joined on this day or later.
    #[serde(default)]
    pub joined_from: Option<CivilDate>,
    /// Joined on this day or earlier.
    #[serde(default)]
    pub joined_to: Option<CivilDate>,
    /// Paging; `order_by` is `name`, `code` or `created_at`.
    #[serde(flatten)]
    pub page: PageQuery,
}

impl ListStudents {
    /// The rows the list holds. Only the first 200 characters of `q` count.
    pub fn filter(&self) -> Filter {
        Filter {
            q: self.q.as_deref().map(|q| q.chars().take(200).collect()),
            branch: self.branch,
            status: self.status,
            joined_from: self.joined_from,
            joined_to: self.joined_to,
        }
    }
}

/// The caller as the flows want it.
pub fn by(cx: &TenantCx) -> By {
    By {
        scope: cx.scope.clone(),
        actor: cx.actor(),
        origin: cx.origin(),
    }
}

/// `GET /students`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListStudents>,
) -> Result<Page<Student>, Problem> {
    let filter = query.filter();
    let order = Order::parse(query.page.order_by.as_deref()).ok_or(Error::UnknownOrder)?;
    let after = cx.cursor(&query.page, &filter)?;
    if after.as_ref().is_some_and(|place| !order.has(place)) {
        return Err(Problem::invalid(
            "page_token_invalid",
            "the page token was not made by this list; start at the first page",
        ));
    }
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let wanted = filter.clone();
    let rows = cx
        .db
        .read(async move |tx| {
            Ok::<_, Error>(list::page(tx, &scope, &wanted, order, after.as_ref(), limit).await?)
        })
        .await?;
    cx.page(&query.page, &filter, rows, |student| order.cursor(student))
}

/// `GET /students/{student}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<StudentId>,
) -> Result<Versioned<Student>, Error> {
    let scope = cx.scope.clone();
    let student = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(versioned(student))
}

/// `POST /students`
pub async fn create(
    allowance: Arc<Allowance>,
    cx: TenantCx,
    Body(input): Body<CreateStudent>,
) -> Result<CreatedVersion<Student>, Problem> {
    let by = by(&cx);
    let shares_phone = input.shares_phone;
    let fields = StudentFields::from(input);
    let limit = allowance.students(cx.tenant()).await?;
    let student = cx
        .write_once(async move |tx| flow::create(tx, &by, &fields, shares_phone, limit).await)
        .await?;
    let location = format!("{}/{}", cx.request().path(), student.id);
    Ok(CreatedVersion {
        location,
        version: student.version,
        body: student,
    })
}

/// `PATCH /students/{student}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<StudentId>, Body<UpdateStudent>),
) -> Result<Versioned<Student>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let student = cx
        .db
        .write(async move |tx| {
            let shares = input.shares_phone;
            flow::update(tx, &by, id, version, |fields| input.apply(fields), shares).await
        })
        .await?;
    Ok(versioned(student))
}

/// `DELETE /students/{student}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<StudentId>,
) -> Result<NoContent, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}

fn versioned(student: Student) -> Versioned<Student> {
    Versioned {
        version: student.version,
        body: student,
    }
}
