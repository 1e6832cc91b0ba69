//! What every context can do: time, identity of the request, preconditions, page tokens.

use gantry_kernel::{Actor, Kernel, Origin, Problem, TenantId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RequestInfo;
use crate::page::{self, Page, PageQuery};

/// The part of a context that does not depend on who is calling.
pub trait RequestContext {
    /// The request.
    fn request(&self) -> &RequestInfo;

    /// Who acts, for audit rows and job payloads.
    fn actor(&self) -> Actor;

    /// The tenant of the path, on tenant routes.
    fn place(&self) -> Option<TenantId> {
        None
    }

    /// Clock and randomness.
    fn kernel(&self) -> &Kernel {
        self.request().kernel()
    }

    /// The current time.
    fn now(&self) -> Timestamp {
        self.kernel().now()
    }

    /// Where the request came from, for audit rows.
    fn origin(&self) -> Origin {
        self.request().origin()
    }

    /// The version the client last saw, from `If-Match` (RFC 9110, section 13.1.1).
    ///
    /// Errors: 428 when the header is missing, 422 when it is not one strong tag that this API gave out. The store
    /// function compares it and answers [`Problem::precondition_failed`] when the object moved on.
    fn if_match(&self) -> Result<i64, Problem> {
        self.request().if_match()
    }

    /// The cursor of a list request: `None` for the first page.
    ///
    /// `filters` is everything that decides which rows the list holds and in what order; a token made under
    /// other filters is refused with 422.
    fn cursor<C: DeserializeOwned>(
        &self,
        query: &PageQuery,
        filters: &impl Serialize,
    ) -> Result<Option<C>, Problem> {
        page::decode_cursor(query, &list(self), filters)
    }

    /// Makes a page from rows read with `limit query.size() + 1`; `cursor` names the place after a row.
    fn page<T, C: Serialize>(
        &self,
        query: &PageQuery,
        filters: &impl Serialize,
        rows: Vec<T>,
        cursor: impl FnOnce(&T) -> C,
    ) -> Result<Page<T>, Problem> {
        page::cut(query, &list(self), filters, rows, cursor)
    }
}

fn list(cx: &(impl RequestContext + ?Sized)) -> page::List {
    page::List {
        route: cx.request().route(),
        tenant: cx.place(),
    }
}
