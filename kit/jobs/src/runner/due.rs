//! Whose hints are due: read a page at a time and in rounds, so that however many there are, none is
//! passed over for ever.

use std::collections::{BTreeMap, BTreeSet};

use gantry_db::DbError;
use gantry_kernel::{TenantId, Timestamp};

use super::Shared;
use crate::{Place, hints, hints::Hint};

/// Where the reading of due hints stands.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// The last hint read of a round that is not over.
    after: Option<(Timestamp, TenantId)>,
    /// The tenants read in this round.
    seen: BTreeSet<TenantId>,
}

/// What was read.
pub(super) struct Due {
    /// The generation of each due hint.
    pub(super) generations: BTreeMap<TenantId, i64>,
    /// When the next hint falls due.
    pub(super) next: Option<Timestamp>,
    /// More are due than were read.
    pub(super) more: bool,
}

impl Round {
    /// Takes a page in; true if the round is over, and then [`Round::seen`] is all there is.
    fn over(&mut self, page: &[Hint], full: bool) -> bool {
        self.seen.extend(page.iter().map(|hint| hint.tenant_id));
        self.after = page
            .last()
            .filter(|_| full)
            .map(|hint| (hint.due_at, hint.tenant_id));
        self.after.is_none()
    }
}

impl Shared {
    /// Reads the next page of due hints, or with `every` all of them.
    pub(super) async fn read_due(&self, round: &mut Round, every: bool) -> Result<Due, DbError> {
        if every {
            *round = Round::default();
        }
        let limit = self.config.hints_at_once;
        let mut generations = BTreeMap::new();
        loop {
            let after = round.after;
            let (page, next) = self
                .read(&Place::Control, async move |tx| {
                    let page = hints::due(tx, after, limit).await?;
                    Ok((page, hints::next(tx).await?))
                })
                .await?;
            let full = page.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
            let over = round.over(&page, full);
            if over {
                let seen = std::mem::take(&mut round.seen);
                self.settler().retain(|tenant| seen.contains(&tenant));
            }
            generations.extend(page.iter().map(|hint| (hint.tenant_id, hint.generation)));
            if over || !every {
                return Ok(Due {
                    generations,
                    next,
                    more: !over,
                });
            }
        }
    }
}
