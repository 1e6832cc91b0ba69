//! A person's own notices.

use std::sync::Arc;

use gantry_http::{Body, Json, PageQuery, Query, RequestContext, Session, UserCx};
use gantry_kernel::{Slug, TenantId, Timestamp};
use gantry_notices::{COUNTED, Filter, Kept, Mark, NoticeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Notices;
use crate::Error;

/// Which notices are listed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListNotices {
    /// Only those that were not read; all when absent or false.
    unread: Option<bool>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The workspace a notice is about.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NoticeTenant {
    id: TenantId,
    slug: Slug,
    name: String,
}

/// Something a person must not miss.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Notice {
    id: NoticeId,
    /// What kind of thing happened: `spaces.import.finished`, `backup.failed`, ..
    kind: String,
    /// When it happened.
    at: Timestamp,
    /// The workspace it is about; null: the account, or the platform.
    tenant: Option<NoticeTenant>,
    /// Ids and short values, by names that the kind decides.
    #[schemars(with = "serde_json::Map<String, Value>")]
    subjects: Value,
    /// When the person read it.
    read_at: Option<Timestamp>,
}

impl From<Kept> for Notice {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            kind: kept.kind,
            at: kept.at,
            tenant: kept.tenant.map(|tenant| NoticeTenant {
                id: tenant.id,
                slug: tenant.slug,
                name: tenant.name,
            }),
            subjects: kept.subjects,
            read_at: kept.read_at,
        }
    }
}

/// A page of notices.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NoticeList {
    /// The last to arrive first.
    items: Vec<Notice>,
    /// Present when there is more: pass it as `page_token` with the same filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    /// How many are unread in all; 100 says that there may be more.
    unread: i64,
}

/// Whose notices a session may see: none when staff act as somebody.
fn reach(cx: &UserCx) -> Option<Filter> {
    let Session { operator, only, .. } = cx.session();
    operator.is_none().then_some(Filter {
        person: cx.principal().identity,
        only: *only,
    })
}

pub(super) async fn list(
    notices: Arc<Notices>,
    cx: UserCx,
    Query(ListNotices { unread, page }): Query<ListNotices>,
) -> Result<Json<NoticeList>, Error> {
    let only_unread = unread == Some(true);
    let before: Option<NoticeId> = cx.cursor(&page, &only_unread)?;
    let Some(filter) = reach(&cx) else {
        return Ok(Json(NoticeList {
            items: Vec::new(),
            next_page_token: None,
            unread: 0,
        }));
    };
    let (rows, unread) = notices
        .control
        .read(async |tx| {
            let limit = page.limit();
            let rows = gantry_notices::list(tx, filter, only_unread, before, limit).await?;
            let unread = gantry_notices::unread(tx, filter).await?;
            Ok::<_, Error>((rows, unread))
        })
        .await?;
    let page = cx.page(&page, &only_unread, rows, |last| last.id)?;
    Ok(Json(NoticeList {
        items: page.items.into_iter().map(Notice::from).collect(),
        next_page_token: page.next_page_token,
        unread,
    }))
}

/// Which notices were read: some by their ids, or one and all that arrived before it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadNotices {
    /// These; those that are not there any more are passed over.
    #[schemars(length(max = 100))]
    ids: Option<Vec<NoticeId>>,
    /// This one and all that arrived before it.
    up_to: Option<NoticeId>,
}

/// What is left.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unread {
    /// How many are unread; 100 says that there may be more.
    unread: i64,
}

/// Asking for the same again changes nothing.
pub(super) async fn read(
    notices: Arc<Notices>,
    cx: UserCx,
    Body(ReadNotices { ids, up_to }): Body<ReadNotices>,
) -> Result<Json<Unread>, Error> {
    let mark = match (ids, up_to) {
        (Some(ids), None) if ids.len() <= MOST_IDS => Mark::These(ids),
        (Some(_), None) => return Err(Error::TooManyNotices),
        (None, Some(last)) => Mark::UpTo(last),
        _ => return Err(Error::WhichNotices),
    };
    let filter = reach(&cx).ok_or(Error::NotFound)?;
    let unread = notices
        .control
        .write(async move |tx| {
            gantry_notices::mark_read(tx, filter, &mark).await?;
            Ok::<_, Error>(gantry_notices::unread(tx, filter).await?)
        })
        .await?;
    Ok(Json(Unread { unread }))
}

/// Most ids of one call.
const MOST_IDS: usize = 100;

const _: () = assert!(COUNTED == 100, "the documented bound");
