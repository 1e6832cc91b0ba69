//! Checking a chain from its beginning, or its anchor, to its end.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{TenantId, Timestamp};

use super::encode::{genesis, link};
use super::keys::Signed;
use super::walk::{Chained, anchor, chained, head_seals};
use super::{Head, Link, Seal, SealKeys, place};

const PAGE: u32 = 500;
/// Faults after which no more are looked for.
const ENOUGH: usize = 50;
/// Rows named of those that stand outside the chain.
const NAMED: i64 = 20;

/// A head that was noted elsewhere and must be in the chain.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The head.
    pub head: Head,
    /// Who noted it, for the message.
    pub whence: &'static str,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Places of the chain are gone.
    #[error("sequence {from} to {to} is missing from the chain")]
    Missing {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The end of the chain is gone.
    #[error("the tail is missing: the chain ends at {end}, but {whence} knows sequence {known}")]
    TailMissing {
        /// Where it ends.
        end: i64,
        /// How far it once went.
        known: i64,
        /// Who knows.
        whence: &'static str,
    },
    /// A sealed row is gone.
    #[error("sequence {seq}: row {row} was deleted")]
    RowGone {
        /// The place.
        seq: i64,
        /// The row's id.
        row: String,
    },
    /// A row, its place, or its link is not what was sealed.
    #[error("sequence {seq}: row {row} is not what was sealed here (changed, inserted or moved)")]
    Changed {
        /// The place.
        seq: i64,
        /// The row's id.
        row: String,
    },
    /// The chain is not the one that was signed.
    #[error("sequence {seq}: the chain up to here is not the one that was signed")]
    NotAsSigned {
        /// The place.
        seq: i64,
    },
    /// The chain is not the one that was noted elsewhere.
    #[error("sequence {seq}: the chain up to here is not the one that {whence} knows")]
    NotAsNoted {
        /// The place.
        seq: i64,
        /// Who noted it.
        whence: &'static str,
    },
    /// A signature is not good.
    #[error("sequence {seq}: the signature of the {kind} does not verify")]
    Forged {
        /// The place.
        seq: i64,
        /// `head` or `anchor`.
        kind: String,
    },
    /// The last signature cannot be checked.
    #[error(
        "sequence {seq}: the {kind} is signed under master key {key}, which is not configured here"
    )]
    UnknownKey {
        /// The place.
        seq: i64,
        /// `head` or `anchor`.
        kind: String,
        /// The key's id.
        key: String,
    },
    /// The end of the chain has no good signature.
    #[error("sequence {from} to {to} is not signed")]
    Unsigned {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A row stands outside the chain and does not wait for it.
    #[error(
        "row {row} is not in the chain and does not wait to be sealed: it was inserted past it"
    )]
    Inserted {
        /// The row's id.
        row: String,
    },
    /// A row that waited to be sealed is gone.
    #[error("row {row} was deleted before it was sealed")]
    GoneUnsealed {
        /// The row's id.
        row: String,
    },
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Rows checked.
    pub rows: i64,
    /// Everything up to here was removed for its age; 0 when nothing was.
    pub removed: i64,
    /// Where the chain ends.
    pub head: Option<Head>,
    /// When its end was signed.
    pub signed: Option<Timestamp>,
    /// Seals that could not be checked because their key is not held any more. A later one covers them.
    pub unchecked_seals: u64,
    /// Rows that wait to be sealed.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// A check under way, page by page, so that no transaction is long.
pub struct Verifier {
    keys: SealKeys,
    place: String,
    expected: Vec<Expected>,
    seq: i64,
    /// The link at `seq`; `None` where it is not known what it was.
    link: Option<Link>,
    anchored: Option<Seal>,
    signed_to: i64,
    unknown: Option<Seal>,
    report: Report,
}

impl Verifier {
    /// A check of the chain of control (`None`) or of a tenant.
    #[must_use]
    pub fn new(keys: SealKeys, tenant: Option<TenantId>, expected: Vec<Expected>) -> Self {
        let place = place(tenant);
        Self {
            keys,
            link: Some(genesis(&place)),
            place,
            expected,
            seq: 0,
            anchored: None,
            signed_to: 0,
            unknown: None,
            report: Report::default(),
        }
    }

    /// Checks the next rows; false when there are no more. May run beside everything else.
    pub async fn page(&mut self, tx: &mut Tx) -> Result<bool, DbError> {
        self.pass_anchor(anchor(tx).await?);
        let rows = chained(tx, self.seq, PAGE).await?;
        let last = rows.last().map_or(self.seq, |row| row.seq);
        let seals = head_seals(tx, self.seq, last).await?;
        let full = rows.len() >= PAGE as usize;
        for row in rows {
            self.row(&row);
            let here = self.seq;
            for seal in seals.iter().filter(|seal| seal.seq == here) {
                self.seal(seal);
            }
            self.compare();
        }
        let more = full && self.report.faults.len() < ENOUGH;
        if !more {
            self.finish(tx).await?;
        }
        Ok(more)
    }

    /// What was found, after the last page.
    #[must_use]
    pub fn report(self) -> Report {
        self.report
    }

    /// The chain begins at its anchor, which retention may move ahead while the check runs.
    fn pass_anchor(&mut self, anchor: Option<Seal>) {
        let Some(anchor) = anchor else { return };
        if self.anchored.as_ref() == Some(&anchor) || anchor.seq < self.seq {
            return;
        }
        match self.keys.check(&self.place, &anchor) {
            Signed::Well => {}
            Signed::Forged => self.fault(Fault::Forged {
                seq: anchor.seq,
                kind: anchor.kind.clone(),
            }),
            Signed::UnknownKey => self.fault(Fault::UnknownKey {
                seq: anchor.seq,
                kind: anchor.kind.clone(),
                key: anchor.key_id.clone(),
            }),
        }
        self.seq = anchor.seq;
        self.link = anchor.link.as_slice().try_into().ok();
        self.signed_to = anchor.seq;
        self.report.removed = anchor.seq;
        self.report.signed = Some(anchor.at);
        self.anchored = Some(anchor);
        self.compare();
    }

    fn row(&mut self, found: &Chained) {
        if found.seq > self.seq + 1 {
            self.fault(Fault::Missing {
                from: self.seq + 1,
                to: found.seq - 1,
            });
            self.link = None;
        }
        let kept = found.link();
        let (seq, row) = (found.seq, found.row_id.clone());
        if found.row.id().is_empty() {
            self.fault(Fault::RowGone { seq, row });
        } else if let Some(previous) = self.link
            && Some(link(&previous, seq, &found.row)) != kept
        {
            self.fault(Fault::Changed { seq, row });
        }
        self.report.rows += 1;
        self.seq = seq;
        self.link = kept;
    }

    fn seal(&mut self, seal: &Seal) {
        match self.keys.check(&self.place, seal) {
            Signed::Well if self.link.is_some_and(|link| link[..] == seal.link[..]) => {
                self.signed_to = seal.seq;
                self.report.signed = Some(seal.at);
            }
            Signed::Well => self.fault(Fault::NotAsSigned { seq: seal.seq }),
            Signed::Forged => self.fault(Fault::Forged {
                seq: seal.seq,
                kind: seal.kind.clone(),
            }),
            Signed::UnknownKey => {
                self.report.unchecked_seals += 1;
                self.unknown = Some(seal.clone());
            }
        }
    }

    /// Compares with what others noted of this place.
    fn compare(&mut self) {
        let (seq, link) = (self.seq, self.link);
        let differing: Vec<_> = self
            .expected
            .iter()
            .filter(|known| known.head.seq == seq && Some(known.head.link) != link)
            .map(|known| known.whence)
            .collect();
        for whence in differing {
            self.fault(Fault::NotAsNoted { seq, whence });
        }
    }

    async fn finish(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        if self.report.faults.len() < ENOUGH {
            self.check_end(tx).await?;
        }
        self.report.head = self.link.map(|link| Head {
            seq: self.seq,
            link,
        });
        for (row,) in outside(tx).await? {
            self.fault(Fault::Inserted { row });
        }
        for (row,) in gone_unsealed(tx).await? {
            self.fault(Fault::GoneUnsealed { row });
        }
        let (waiting, since) = tx
            .one(
                sql!("select count(*), min(u.at) from audit_unsealed u join audit a on a.id = u.row_id"),
                &args![],
            )
            .await?;
        self.report.waiting = waiting;
        self.report.waiting_since = since;
        Ok(())
    }

    async fn check_end(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let end = self.seq;
        let beyond = head_seals(tx, end, i64::MAX).await?;
        let known = beyond
            .last()
            .map(|seal| (seal.seq, "a seal of this database"));
        let noted = self
            .expected
            .iter()
            .map(|known| (known.head.seq, known.whence));
        let lost: Vec<_> = known
            .into_iter()
            .chain(noted)
            .filter(|(known, _)| *known > end)
            .collect();
        for (known, whence) in lost {
            self.fault(Fault::TailMissing { end, known, whence });
        }
        if self.signed_to < end {
            let unknown = self.unknown.take().filter(|seal| seal.seq == end);
            self.fault(match unknown {
                Some(seal) => Fault::UnknownKey {
                    seq: end,
                    kind: seal.kind,
                    key: seal.key_id,
                },
                None => Fault::Unsigned {
                    from: self.signed_to + 1,
                    to: end,
                },
            });
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults.push(fault);
    }
}

async fn outside(tx: &mut Tx) -> Result<Vec<(String,)>, DbError> {
    tx.all(
        sql!(
            "select a.id from audit a left join audit_chain c on c.row_id = a.id
               left join audit_unsealed u on u.row_id = a.id
             where c.seq is null and u.row_id is null order by a.id limit $1"
        ),
        &args![NAMED],
    )
    .await
}

async fn gone_unsealed(tx: &mut Tx) -> Result<Vec<(String,)>, DbError> {
    tx.all(
        sql!(
            "select u.row_id from audit_unsealed u left join audit a on a.id = u.row_id
             where a.id is null order by u.row_id limit $1"
        ),
        &args![NAMED],
    )
    .await
}
