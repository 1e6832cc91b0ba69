//! Branches over HTTP.

use std::sync::Arc;

use gantry_http::{
    Body, CreatedVersion, NoContent, Page, PageQuery, Path, Query, RequestContext, TenantCx,
    Versioned,
};
use gantry_kernel::{Problem, UnitId, fold};
use schemars::JsonSchema;
use serde::Deserialize;

use super::flow;
use super::model::{Address, Branch, BranchFields, BranchName, City, ZoneName};
use super::store;
use crate::allowance::Allowance;
use crate::error::Error;
use crate::patch;
use crate::student::Code;
use crate::student::api::by;

/// A new branch.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBranch {
    /// Unique code.
    pub code: Code,
    /// Name.
    pub name: BranchName,
    /// City.
    #[serde(default)]
    pub city: Option<City>,
    /// Address.
    #[serde(default)]
    pub address: Option<Address>,
    /// Time zone; India's when absent.
    #[serde(default = "ZoneName::india")]
    pub time_zone: ZoneName,
}

/// Changes of a branch: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateBranch {
    /// New code.
    pub code: Option<Code>,
    /// New name.
    pub name: Option<BranchName>,
    /// New city.
    #[serde(deserialize_with = "patch::given")]
    pub city: Option<Option<City>>,
    /// New address.
    #[serde(deserialize_with = "patch::given")]
    pub address: Option<Option<Address>>,
    /// New time zone.
    pub time_zone: Option<ZoneName>,
    /// Whether it takes students.
    pub active: Option<bool>,
}

impl UpdateBranch {
    fn apply(&self, fields: &mut BranchFields) {
        let change = self.clone();
        fields.code = change.code.unwrap_or_else(|| fields.code.clone());
        fields.name = change.name.unwrap_or_else(|| fields.name.clone());
        fields.city = change.city.unwrap_or_else(|| fields.city.clone());
        fields.address = change.address.unwrap_or_else(|| fields.address.clone());
        fields.time_zone = change.time_zone.unwrap_or_else(|| fields.time_zone.clone());
        fields.active = change.active.unwrap_or(fields.active);
    }
}

/// Which branches.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ListBranches {
    /// Only those that take students, or only those that do not.
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    pub active: Option<bool>,
    /// Paging; branches are sorted by name.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// Beside a flattened struct every query value is text.
fn flag<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match Option::<String>::deserialize(from)?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(serde::de::Error::custom("expected true or false")),
    }
}

/// `GET /branches`
pub async fn list<S>(
    _: Arc<S>,
    cx: TenantCx,
    Query(query): Query<ListBranches>,
) -> Result<Page<Branch>, Problem> {
    if query
        .page
        .order_by
        .as_deref()
        .is_some_and(|order| order != "name")
    {
        return Err(Error::UnknownOrder.into());
    }
    let after: Option<(String, UnitId)> = cx.cursor(&query.page, &query.active)?;
    let (scope, limit) = (cx.scope.clone(), query.page.limit());
    let rows = cx
        .db
        .read(async move |tx| {
            Ok::<_, Error>(store::page(tx, &scope, query.active, after.as_ref(), limit).await?)
        })
        .await?;
    cx.page(&query.page, &query.active, rows, |branch| {
        (fold(branch.name.as_str()), branch.id)
    })
}

/// `GET /branches/{branch}`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<UnitId>,
) -> Result<Versioned<Branch>, Error> {
    let scope = cx.scope.clone();
    let branch = cx
        .db
        .read(async move |tx| store::by_id(tx, &scope, id).await?.ok_or(Error::NotFound))
        .await?;
    Ok(Versioned {
        version: branch.version,
        body: branch,
    })
}

/// `POST /branches`
pub async fn create(
    allowance: Arc<Allowance>,
    cx: TenantCx,
    Body(input): Body<CreateBranch>,
) -> Result<CreatedVersion<Branch>, Problem> {
    let by = by(&cx);
    let CreateBranch {
        code,
        name,
        city,
        address,
        time_zone,
    } = input;
    let fields = BranchFields {
        code,
        name,
        city,
        address,
        time_zone,
        active: true,
    };
    let limit = allowance.branches(cx.tenant()).await?;
    let branch = cx
        .write_once(async move |tx| flow::create(tx, &by, &fields, limit).await)
        .await?;
    let location = format!("{}/{}", cx.request().path(), branch.id);
    Ok(CreatedVersion {
        location,
        version: branch.version,
        body: branch,
    })
}

/// `PATCH /branches/{branch}`
pub async fn update<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Body(input)): (Path<UnitId>, Body<UpdateBranch>),
) -> Result<Versioned<Branch>, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    let branch = cx
        .db
        .write(async move |tx| {
            flow::update(tx, &by, id, version, |fields| input.apply(fields)).await
        })
        .await?;
    Ok(Versioned {
        version: branch.version,
        body: branch,
    })
}

/// `DELETE /branches/{branch}`
pub async fn delete<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(id): Path<UnitId>,
) -> Result<NoContent, Problem> {
    let version = cx.if_match()?;
    let by = by(&cx);
    cx.db
        .write(async move |tx| flow::delete(tx, &by, id, version).await)
        .await?;
    Ok(NoContent)
}
