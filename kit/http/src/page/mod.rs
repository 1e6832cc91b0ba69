//! Pages of lists: keyset cursors behind opaque tokens that know which list they belong to.

mod token;

pub(crate) use token::{List, cut, decode_cursor};

use gantry_kernel::Problem;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::openapi::Describe;
use crate::output::{Reply, Response, json};

/// Rows of a page when the request does not say.
pub const DEFAULT_PAGE_SIZE: u32 = 20;
/// Most rows of a page; larger requests get this many.
pub const MAX_PAGE_SIZE: u32 = 100;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Present when there is more: pass it as `page_token` with the same filters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_page_token: Option<String>,
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Page<T> {
    fn respond(self) -> Result<Response, Problem> {
        json(StatusCode::OK, &self)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<Self>(StatusCode::OK, &[]);
    }
}

/// The paging parameters of a list. Use it alone as `Query<PageQuery>`, or with `#[serde(flatten)]` inside a
/// struct of filters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// Rows per page: 20 when absent; below 1 counts as 1, above 100 as 100.
    #[serde(
        default,
        deserialize_with = "lenient_size",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<i64>")]
    pub page_size: Option<i64>,
    /// The `next_page_token` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// Order of the rows: a field name of the list, with a leading `-` for descending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
}

impl PageQuery {
    /// Rows of the page, between 1 and 100. Read one more than this to know whether there is a next page.
    pub fn size(&self) -> u32 {
        self.page_size.map_or(DEFAULT_PAGE_SIZE, |asked| {
            u32::try_from(asked.clamp(1, i64::from(MAX_PAGE_SIZE))).unwrap_or(DEFAULT_PAGE_SIZE)
        })
    }

    /// `limit` for the statement that reads the page: one row more than it shows.
    pub fn limit(&self) -> i64 {
        i64::from(self.size()) + 1
    }
}

/// Flattened structs see every query value as text, so the number is read from text here.
fn lenient_size<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Size {
        Number(i64),
        Text(String),
    }
    match Option::<Size>::deserialize(from)? {
        None => Ok(None),
        Some(Size::Number(size)) => Ok(Some(size)),
        Some(Size::Text(text)) => match text.parse() {
            Ok(size) => Ok(Some(size)),
            Err(_) => Err(serde::de::Error::custom("expected a whole number")),
        },
    }
}
