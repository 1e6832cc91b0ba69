//! Changing the rules of a branch, in the caller's transaction.

use gantry_audit::Facts;
use gantry_db::Tx;
use gantry_kernel::UnitId;

use super::{Policy, Rules, store};
use crate::seating::permission::SEAT_READ;
use crate::seating::{Change, Error, hall, record};
use crate::student::flow::By;

/// Puts new rules in force over the version the caller saw.
///
/// Errors: [`Error::Ladder`], [`Error::Stale`].
pub async fn replace(
    tx: &mut Tx,
    by: &By,
    branch: UnitId,
    version: i64,
    rules: &Rules,
) -> Result<Policy, Error> {
    rules.check()?;
    hall(tx, &by.scope, branch).await?;
    if store::current(tx, branch).await?.version != version {
        return Err(Error::Stale);
    }
    let policy = Policy {
        version: version + 1,
        rules: rules.clone(),
    };
    if !store::insert(tx, branch, &policy).await? {
        return Err(Error::Stale);
    }
    let change = Change {
        action: "spaces.policy.changed",
        target: ("policy", branch.to_string()),
        branch,
        event: ("spaces.policy.changed", SEAT_READ),
        facts: Facts::new().with("version", policy.version),
    };
    record(tx, by, change).await?;
    Ok(policy)
}
