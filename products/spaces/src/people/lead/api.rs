//! Leads over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, Created, CreatedVersion, Json, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{CivilDate, Email, Problem, Timestamp, UnitId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow;
use super::store::{self, Filter};
use super::{Lead, LeadId, SamePhone, Source, Stage};
use crate::patch;
use crate::people::People;
use crate::people::error::Error;
use crate::permission::STUDENT_WRITE;
use crate::phone::Phone;
use crate::student::api::by;
use crate::student::flow::By;
use crate::student::{Code, Gender, Name, Notes, Student, StudentFields};

/// A new lead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLead {
    /// The branch they asked.
    pub branch_id: UnitId,
    /// Full name.
    pub name: Name,
    /// Phone as people write it; without a country code it is Indian.
    pub phone: Phone,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<Email>,
    /// How they came to ask.
    pub source: Source,
    /// When to talk to them again.
    #[serde(default)]
    pub follow_up_on: Option<CivilDate>,
    /// Free text.
    #[serde(default)]
    pub notes: Option<Notes>,
}

/// Changes of a lead: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateLead {
    /// New name.
    pub name: Option<Name>,
    /// New phone.
    pub phone: Option<Phone>,
    /// New e-mail address.
    #[serde(deserialize_with = "patch::given")]
    pub email: Option<Option<Email>>,
    /// How they came to ask.
    pub source: Option<Source>,
    /// How far it has come; a lead is won by making a student of it.
    pub stage: Option<Stage>,
    /// When to talk to them again.
    #[serde(deserialize_with = "patch::given")]
    pub follow_up_on: Option<Option<CivilDate>>,
    /// New free text.
    #[serde(deserialize_with = "patch::given")]
    pub notes: Option<Option<Notes>>,
}

impl UpdateLead {
    fn apply(&self, lead: &mut Lead) {
        fn set<T: Clone>(target: &mut T, change: Option<&T>) {
            if let Some(value) = change {
                target.clone_from(value);
            }
        }
        set(&mut lead.name, self.name.as_ref());
        set(&mut lead.phone, self.phone.as_ref());
        set(&mut lead.email, self.email.as_ref());
        set(&mut lead.source, self.source.as_ref());
        set(&mut lead.stage, self.stage.as_ref());
        set(&mut lead.follow_up_on, self.follow_up_on.as_ref());
        set(&mut lead.notes, self.notes.as_ref());
    }
}

/// What a student has that a lead does not; branch, name, phone, e-mail address and notes are the lead's.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConvertLead {
    /// Unique code; made up when absent.
    pub code: Option<Code>,
    /// Parent or guardian.
    pub guardian_name: Option<Name>,
    /// Their phone.
    pub guardian_phone: Option<Phone>,
    /// Day of birth.
    pub date_of_birth: Option<CivilDate>,
    /// Gender.
    pub gender: Option<Gender>,
    /// First day; today in the branch when absent.
    pub joined_on: Option<CivilDate>,
    /// Says that the phone may belong to another student too, as siblings share one.
    pub shares_phone: bool,
}

impl ConvertLead {
    fn fill(&self, fields: &mut StudentFields) {
        fields.code.clone_from(&self.code);
        fields.guardian_name.clone_from(&self.guardian_name);
        fields.guardian_phone.clone_from(&self.guardian_phone);
        fields.date_of_birth = self.date_of_birth;
        fields.gender = self.gender;
        fields.joined_on = self.joined_on;
    }
}

/// Which leads, newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListLeads {
    /// Only this branch.
    #[serde(default)]
    pub branch: Option<UnitId>,
    /// Only this stage.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Only those that came this way.
    #[serde(default)]
    pub source: Option<Source>,
    /// Only those to be talked to again by this day.
    #[serde(default)]
    pub follow_up_to: Option<CivilDate>,
    /// Paging.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// `GET /leads`
pub async fn list(
    _: Arc<People>,
    cx: TenantCx,
    Query(query): Query<ListLeads>,
) -> Result<Page<Lead>, Problem> {
    if query.page.order_by.is_some() {
        return Err(Error::UnknownOrder.into());
    }
    let filter = Filter {
        branch: query.branch,
        stage: query.stage,
        source: query.source,
        follow_up_to: query.follow_up_to,
    };
    let before: Option<(Timestamp, LeadId)> = cx.cursor(&query.page, &filter)?;
    let (scope, limit, wanted) = (cx.scope.clone(), query.page.limit(), filter.clone());
    let rows = cx
        .db
        .read(async move |tx| {
            Ok::<_, Error>(store::page(tx, &scope, &wanted, before, limit).await?)
        })
        .await?;
    cx.page(&query.page, &filter, rows, |lead| {
        (lead.created_at, lead.id)
    })
}

/// `POST /leads`
pub async fn create(
    _: Arc<People>,
    cx: TenantCx,
    Body(input): Body<CreateLead>,
) -> Result<CreatedVersion<Lead>, Problem> {
    let (by, person, now) = (by(&cx), cx.principal.identity, cx.now());
    let lead = cx
        .write_once(async move |tx| {
            let make = |id| Lead {
                id,
                branch_id: input.branch_id,
                name: input.name.clone(),
                phone: input.phone.clone(),
                email: input.email.clone(),
                source: input.source,
                stage: Stage::New,
                follow_up_on: input.follow_up_on,
                notes: input.notes.clone(),
                student_id: None,
                version: 1,
                created_by: person,
                created_at: now,
                updated_at: now,
            };
            flow::create(tx, &by, person, make).await
        })
        .await?;
    Ok(CreatedVersion {
        location: format!("{}/{}", cx.request().path(), lead.id),
        version: lead.version,
        body: lead,
    })
}

/// `GET /leads/{lead}`
pub async fn get(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<LeadId>,
) -> Result<Versioned<Lead>, Error> {
    let scope = cx.scope.clone();
    let lead = cx
        .db
        .read(async move |tx| flow::find(tx, &scope, id).await)
        .await?;
    Ok(Versioned {
        version: lead.version,
        body: lead,
    })
}

/// `PATCH /leads/{lead}`
pub async fn update(
    _: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<LeadId>, Body<UpdateLead>),
) -> Result<Versioned<Lead>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let lead = cx
        .db
        .write(async move |tx| flow::update(tx, &by, id, version, |lead| input.apply(lead)).await)
        .await?;
    Ok(Versioned {
        version: lead.version,
        body: lead,
    })
}

/// `GET /leads/{lead}/same-phone`
pub async fn same_phone(
    _: Arc<People>,
    cx: TenantCx,
    Path(id): Path<LeadId>,
) -> Result<Json<SamePhone>, Error> {
    let by = by(&cx);
    let same = cx
        .db
        .read(async move |tx| flow::same_phone(tx, &by, id).await)
        .await?;
    Ok(Json(same))
}

/// `POST /leads/{lead}/student`
pub async fn convert(
    people: Arc<People>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<LeadId>, Body<ConvertLead>),
) -> Result<Created<Student>, Problem> {
    let by = by(&cx);
    let scope = cx.access.scope_for(STUDENT_WRITE);
    let students = By {
        scope: scope.ok_or(Error::MayNotEnter)?,
        ..by.clone()
    };
    let limit = people.allowance.students(cx.tenant()).await?;
    let student = cx
        .write_once(async move |tx| {
            let fill = |fields: &mut StudentFields| input.fill(fields);
            let with = (fill, input.shares_phone);
            Box::pin(flow::convert(tx, &by, &students, id, with, limit)).await
        })
        .await?;
    let root = cx
        .request()
        .path()
        .split("/leads/")
        .next()
        .unwrap_or_default();
    Ok(Created::at(
        format!("{root}/students/{}", student.id),
        student,
    ))
}
