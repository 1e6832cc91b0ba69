//! How much of something a tenant may have.
//!
//! Whoever adds one more asks before its transaction and compares inside it, where the count is
//! exact:
//!
//! ```ignore
//! let limit = limits.get()?.limit(cx.tenant(), "rooms.seats").await?;
//! cx.db.write(async move |tx| {
//!     within_limit("rooms.seats", limit, store::count(tx).await? + 1)?;
//!     store::insert(tx, &seat).await
//! })
//! ```

use futures_util::future::BoxFuture;
use gantry_http::ErrorCode;
use gantry_kernel::{Problem, TenantId};

/// The code of what [`within_limit`] refuses, for the documented errors of whoever calls it.
pub const LIMIT_REACHED: ErrorCode = ErrorCode::new(
    "limit_reached",
    409,
    "Limit reached",
    "The workspace has all it may have of something; limit and limit_value say what. Remove some, or ask for a higher limit.",
);

/// Provided by tenancy. It takes no transaction, so products may call it, and another process may
/// one day answer.
pub trait Limits: Send + Sync + 'static {
    /// The most there may be of what `name` counts (`members`, `spaces.students`, ..), as of now;
    /// `None` when there is no such limit.
    fn limit<'a>(
        &'a self,
        tenant: TenantId,
        name: &'static str,
    ) -> BoxFuture<'a, Result<Option<i64>, Problem>>;
}

/// Refuses what would go beyond a limit; `wanted` is how many there would be.
///
/// 409 `limit_reached` with the members `limit`, `limit_value` and `wanted`. Not 403: the caller may
/// do this, what is stored stands in the way, and people can resolve that by removing something or
/// by getting a higher limit (RFC 9110, section 15.5.10).
pub fn within_limit(name: &'static str, limit: Option<i64>, wanted: i64) -> Result<(), Problem> {
    match limit {
        Some(most) if wanted > most => Err(Problem::conflict(
            LIMIT_REACHED.code,
            format!("the limit of this workspace for {name} is {most}, this would make {wanted}"),
        )
        .with("limit", name)
        .with("limit_value", most)
        .with("wanted", wanted)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_refused_only_beyond_it_and_says_which() {
        assert!(within_limit("members", None, 1_000_000).is_ok());
        assert!(within_limit("members", Some(10), 10).is_ok());
        let problem = within_limit("members", Some(10), 11).unwrap_err();
        assert_eq!(
            (problem.code, problem.kind.status()),
            ("limit_reached", 409)
        );
        assert_eq!(problem.extra["limit"], "members");
        assert_eq!(problem.extra["limit_value"], 10);
    }
}
