//! Reading the chain from front to back.

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};

use super::encode::selected;
use super::{Link, Seal, SealedRow};

/// One place of the chain as it is found, which may be anything.
pub(super) struct Chained {
    pub(super) seq: i64,
    pub(super) row_id: String,
    pub(super) link: Vec<u8>,
    /// Without an id when the row is gone.
    pub(super) row: SealedRow,
}

impl Chained {
    /// The link as it is kept; `None` when it cannot be one.
    pub(super) fn link(&self) -> Option<Link> {
        self.link.as_slice().try_into().ok()
    }
}

impl FromRow for Chained {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            seq: row.get("chain_seq")?,
            row_id: row.get("chain_row")?,
            link: row.get("chain_link")?,
            row: SealedRow::from_row(row)?,
        })
    }
}

/// Up to `limit` places after `after`.
pub(super) async fn chained(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<Chained>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            selected!(),
            "c.seq as chain_seq, c.row_id as chain_row, c.link as chain_link
             from audit_chain c left join audit a on a.id = c.row_id
             where c.seq > $1 order by c.seq limit $2"
        )),
        &args![after, limit],
    )
    .await
}

/// The head seals after `after`, up to and with `to`, oldest first.
pub(super) async fn head_seals(tx: &mut Tx, after: i64, to: i64) -> Result<Vec<Seal>, DbError> {
    tx.all(
        sql!(
            "select kind, seq, key_id, at, link, signature from audit_seals
             where kind = 'head' and seq > $1 and seq <= $2 order by seq, at"
        ),
        &args![after, to],
    )
    .await
}

/// The last anchor, under the key that signed it last.
pub(super) async fn anchor(tx: &mut Tx) -> Result<Option<Seal>, DbError> {
    tx.opt(
        sql!(
            "select kind, seq, key_id, at, link, signature from audit_seals where kind = 'anchor'
             order by seq desc, at desc limit 1"
        ),
        &args![],
    )
    .await
}

/// The seal of the last head, under the key that signed it last.
pub(super) async fn last_seal(tx: &mut Tx) -> Result<Option<Seal>, DbError> {
    tx.opt(
        sql!(
            "select kind, seq, key_id, at, link, signature from audit_seals where kind = 'head'
             order by seq desc, at desc limit 1"
        ),
        &args![],
    )
    .await
}
