//! Page tokens: a cursor and a fingerprint of the list it was cut from, in base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::{Problem, TenantId, crypto};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Page, PageQuery};
use crate::problem::codes;

/// Longest token that is looked at.
const MAX_TOKEN: usize = 2_048;

/// Which list a token belongs to: one of another tenant is as foreign as one of another route.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    pub(crate) route: &'static str,
    pub(crate) tenant: Option<TenantId>,
}

#[derive(Serialize, Deserialize)]
struct Token<C> {
    /// Cursor.
    c: C,
    /// Fingerprint of tenant, route, order and filters.
    f: String,
}

/// Reads the cursor of `query`, refusing tokens of other lists.
pub(crate) fn decode_cursor<C: DeserializeOwned>(
    query: &PageQuery,
    list: &List,
    filters: &impl Serialize,
) -> Result<Option<C>, Problem> {
    let Some(text) = query.page_token.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let unreadable = || refuse("the page token is not one that this list gave out");
    if text.len() > MAX_TOKEN {
        return Err(unreadable());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unreadable())?;
    let token: Token<serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    if token.f != fingerprint(query, list, filters)? {
        return Err(refuse(
            "the page token belongs to a list with other filters or another order",
        ));
    }
    serde_json::from_value(token.c)
        .map(Some)
        .map_err(|_| unreadable())
}

/// Cuts the page out of rows that were read with one row to spare.
pub(crate) fn cut<T, C: Serialize>(
    query: &PageQuery,
    list: &List,
    filters: &impl Serialize,
    mut rows: Vec<T>,
    cursor: impl FnOnce(&T) -> C,
) -> Result<Page<T>, Problem> {
    let size = query.size() as usize;
    if rows.len() <= size {
        return Ok(Page {
            items: rows,
            next_page_token: None,
        });
    }
    rows.truncate(size);
    let next_page_token = match rows.last() {
        None => None,
        Some(bottom) => {
            let token = Token {
                c: cursor(bottom),
                f: fingerprint(query, list, filters)?,
            };
            let bytes = serde_json::to_vec(&token).map_err(Problem::internal)?;
            Some(URL_SAFE_NO_PAD.encode(bytes))
        }
    };
    Ok(Page {
        items: rows,
        next_page_token,
    })
}

/// 96 bits are plenty: a collision only lets somebody page through their own list from an odd place.
fn fingerprint(
    query: &PageQuery,
    list: &List,
    filters: &impl Serialize,
) -> Result<String, Problem> {
    let parts = serde_json::to_vec(&(list, &query.order_by, filters)).map_err(Problem::internal)?;
    let digest = crypto::sha256(&parts);
    Ok(URL_SAFE_NO_PAD.encode(&digest[..12]))
}

fn refuse(detail: &str) -> Problem {
    Problem::invalid(codes::PAGE_TOKEN_INVALID.code, detail).and_field(
        "?page_token",
        codes::PAGE_TOKEN_INVALID.code,
        detail,
    )
}
