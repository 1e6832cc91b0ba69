//! The routes of this feature, joined.

use std::sync::Arc;

use gantry_http::Routes;

use super::error::CODES;
use super::{People, announcement, document, lead, number, ticket};

/// All of them.
pub fn routes(people: &Arc<People>) -> Routes {
    Routes::new(Arc::clone(people))
        .errors(CODES)
        .finish()
        .join(document::routes::routes(people))
        .join(number::routes::routes(people))
        .join(lead::routes::routes(people))
        .join(ticket::routes::routes(people))
        .join(announcement::routes::routes(people))
}
