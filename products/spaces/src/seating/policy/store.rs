//! The table `seat_policies`, to which rows are only added.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::UnitId;

use super::{Policy, Rules};

/// The rules in force in a branch.
pub async fn current(tx: &mut Tx, branch: UnitId) -> Result<Policy, DbError> {
    let row: Option<(i64, serde_json::Value)> = tx
        .opt(
            sql!(
                "select version, rules from seat_policies where branch_id = $1
                 order by version desc limit 1"
            ),
            &args![branch],
        )
        .await?;
    let Some((version, rules)) = row else {
        return Ok(Policy {
            version: 0,
            rules: Rules::default(),
        });
    };
    let rules = serde_json::from_value(rules).map_err(|error| DbError::Decode {
        column: "rules".to_owned(),
        detail: error.to_string(),
    })?;
    Ok(Policy { version, rules })
}

/// The next version; `false` when somebody else has just written it.
pub async fn insert(tx: &mut Tx, branch: UnitId, policy: &Policy) -> Result<bool, DbError> {
    let now = tx.now();
    let rules = serde_json::to_value(&policy.rules).map_err(|error| DbError::Decode {
        column: "rules".to_owned(),
        detail: error.to_string(),
    })?;
    let inserted = tx
        .execute(
            sql!(
                "insert into seat_policies (branch_id, version, rules, created_at)
                 values ($1, $2, $3, $4) on conflict (branch_id, version) do nothing"
            ),
            &args![branch, policy.version, rules, now],
        )
        .await?;
    Ok(inserted > 0)
}
