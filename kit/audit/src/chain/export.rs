//! Reading the chain for somebody who checks it elsewhere.

use gantry_db::{DbError, FromRow, Row, Tx, args, from_row, sql};
use gantry_kernel::{TenantId, Timestamp};

use super::encode::{genesis, selected};
use super::walk::anchor;
use super::{Seal, SealedRow, place};

/// A row with its place in the chain.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The sequence; `None` when it is not sealed yet.
    pub seq: Option<i64>,
    /// The link before it, from which its own follows.
    pub previous: Option<Vec<u8>>,
    /// Its link.
    pub link: Option<Vec<u8>>,
    /// The row.
    pub row: SealedRow,
}

impl FromRow for Exported {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            seq: row.get("chain_seq")?,
            previous: row.get("previous_link")?,
            link: row.get("chain_link")?,
            row: SealedRow::from_row(row)?,
        })
    }
}

/// A piece of a chain: `first` to `last`, both with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first sequence.
    pub first: i64,
    /// The last.
    pub last: i64,
}

struct Bounds {
    first: Option<i64>,
    last: Option<i64>,
}
from_row!(Bounds { first, last });

/// The unbroken piece of the chain that holds all sealed rows from `since` and before `until`, and goes on to
/// the next seal, so that it ends in a signature; `None` when there is no such row.
pub async fn span(
    tx: &mut Tx,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<Span>, DbError> {
    let bounds: Bounds = tx
        .one(
            sql!(
                "select min(c.seq) as first, max(c.seq) as last
                 from audit_chain c join audit a on a.id = c.row_id
                 where (cast($1 as bigint) is null or a.at >= $1)
                   and (cast($2 as bigint) is null or a.at < $2)"
            ),
            &args![since, until],
        )
        .await?;
    let (Some(first), Some(last)) = (bounds.first, bounds.last) else {
        return Ok(None);
    };
    let (sealed,): (Option<i64>,) = tx
        .one(
            sql!("select min(seq) from audit_seals where kind = 'head' and seq >= $1"),
            &args![last],
        )
        .await?;
    Ok(Some(Span {
        first,
        last: sealed.unwrap_or(last),
    }))
}

/// Up to `limit` rows of a span after `after`.
pub async fn rows(
    tx: &mut Tx,
    span: Span,
    after: i64,
    limit: u32,
) -> Result<Vec<Exported>, DbError> {
    let mut rows: Vec<Exported> = tx
        .all(
            sql!(concat!(
                "select ",
                selected!(),
                "c.seq as chain_seq, c.link as chain_link, p.link as previous_link
                 from audit_chain c join audit a on a.id = c.row_id
                   left join audit_chain p on p.seq = c.seq - 1
                 where c.seq > $1 and c.seq >= $2 and c.seq <= $3 order by c.seq limit $4"
            )),
            &args![after, span.first, span.last, limit],
        )
        .await?;
    begin(tx, &mut rows).await?;
    Ok(rows)
}

/// Up to `limit` sealed rows about a tenant, from `since` and before `until`, after sequence `after`.
pub async fn about(
    tx: &mut Tx,
    tenant: TenantId,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
    after: i64,
    limit: u32,
) -> Result<Vec<Exported>, DbError> {
    let mut rows: Vec<Exported> = tx
        .all(
            sql!(concat!(
                "select ",
                selected!(),
                "c.seq as chain_seq, c.link as chain_link, p.link as previous_link
                 from audit a join audit_chain c on c.row_id = a.id
                   left join audit_chain p on p.seq = c.seq - 1
                 where a.tenant_id = $1 and c.seq > $2
                   and (cast($3 as bigint) is null or a.at >= $3)
                   and (cast($4 as bigint) is null or a.at < $4)
                 order by c.seq limit $5"
            )),
            &args![tenant, after, since, until, limit],
        )
        .await?;
    begin(tx, &mut rows).await?;
    Ok(rows)
}

/// The rows that wait to be sealed, about `tenant` if one is given; they are few.
pub async fn waiting(
    tx: &mut Tx,
    tenant: Option<TenantId>,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
) -> Result<Vec<SealedRow>, DbError> {
    tx.all(
        sql!(concat!(
            "select ",
            selected!(),
            "u.row_id from audit_unsealed u join audit a on a.id = u.row_id
             where (cast($1 as text) is null or a.tenant_id = $1)
               and (cast($2 as bigint) is null or a.at >= $2)
               and (cast($3 as bigint) is null or a.at < $3)
             order by u.row_id"
        )),
        &args![tenant, since, until],
    )
    .await
}

/// The seals of a span, and the last anchor.
pub async fn seals(tx: &mut Tx, span: Span) -> Result<Vec<Seal>, DbError> {
    let mut seals: Vec<Seal> = anchor(tx).await?.into_iter().collect();
    seals.extend(super::walk::head_seals(tx, span.first - 1, span.last).await?);
    Ok(seals)
}

/// The first row of a chain follows its anchor, or its beginning.
async fn begin(tx: &mut Tx, rows: &mut [Exported]) -> Result<(), DbError> {
    let Some(first) = rows.first_mut().filter(|row| row.previous.is_none()) else {
        return Ok(());
    };
    let before = first.seq.map(|seq| seq - 1);
    if before == Some(0) {
        first.previous = Some(genesis(&place(tx.place())).to_vec());
    } else if let Some(anchor) = anchor(tx)
        .await?
        .filter(|anchor| Some(anchor.seq) == before)
    {
        first.previous = Some(anchor.link);
    }
    Ok(())
}
