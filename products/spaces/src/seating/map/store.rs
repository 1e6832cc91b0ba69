//! The table `seat_maps`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::UnitId;

use super::{Drawing, SeatMap};

fn undecodable(error: &serde_json::Error) -> DbError {
    DbError::Decode {
        column: "drawing".to_owned(),
        detail: error.to_string(),
    }
}

/// The map of a branch, empty if nothing was drawn.
pub async fn of(tx: &mut Tx, branch: UnitId) -> Result<SeatMap, DbError> {
    let row: Option<(serde_json::Value, i64)> = tx
        .opt(
            sql!("select drawing, version from seat_maps where branch_id = $1"),
            &args![branch],
        )
        .await?;
    let (drawing, version) = match row {
        Some((json, version)) => {
            let drawing = serde_json::from_value(json).map_err(|error| undecodable(&error))?;
            (drawing, version)
        }
        None => (Drawing::default(), 0),
    };
    Ok(SeatMap {
        branch_id: branch,
        version,
        drawing,
    })
}

/// Writes a map over the version the caller saw; `false` when it moved on.
pub async fn replace(
    tx: &mut Tx,
    branch: UnitId,
    version: i64,
    drawing: &Drawing,
) -> Result<bool, DbError> {
    let now = tx.now();
    let json = serde_json::to_value(drawing).map_err(|error| undecodable(&error))?;
    let written = if version == 0 {
        tx.execute(
            sql!(
                "insert into seat_maps (branch_id, drawing, version, updated_at)
                 values ($1, $2, 1, $3) on conflict (branch_id) do nothing"
            ),
            &args![branch, json, now],
        )
        .await?
    } else {
        tx.execute(
            sql!(
                "update seat_maps set drawing = $2, version = version + 1, updated_at = $3
                 where branch_id = $1 and version = $4"
            ),
            &args![branch, json, now, version],
        )
        .await?
    };
    Ok(written > 0)
}
