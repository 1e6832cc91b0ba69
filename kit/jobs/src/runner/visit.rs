//! A look into one place: claiming what is due there, or learning that nothing is.

use std::{sync::Arc, time::Duration};

use gantry_db::DbError;
use gantry_kernel::{JobId, TenantId};

use super::{dispatch::Dispatcher, work};
use crate::{Place, hints, settle::Verdict, store};

/// The longest a look into a tenant may take, its opening and migration included.
const LONGEST_VISIT: Duration = Duration::from_secs(10);

/// What a look came to.
pub(super) struct Visit {
    pub(super) claimed: usize,
    /// How long until the next job of the place is due.
    pub(super) next: Option<Duration>,
}

impl Dispatcher {
    /// One tenant whose database hangs must not hold up the others, nor control.
    pub(super) async fn visit_in_time(
        &mut self,
        place: Option<TenantId>,
        generation: Option<i64>,
        read: Duration,
        take: usize,
    ) -> Result<Visit, DbError> {
        if place.is_none() {
            return self.visit(place, generation, read, take).await;
        }
        let visit = self.visit(place, generation, read, take);
        if let Ok(visit) = tokio::time::timeout(LONGEST_VISIT, visit).await {
            return visit;
        }
        // A claim may have been on its way.
        self.shared.disown();
        Err(DbError::Timeout)
    }

    async fn visit(
        &mut self,
        place: Option<TenantId>,
        generation: Option<i64>,
        read: Duration,
        take: usize,
    ) -> Result<Visit, DbError> {
        let looked = self.now();
        let seat = match place {
            None => Place::Control,
            Some(tenant) => Place::Tenant(self.shared.tenants.get(tenant).await?),
        };
        let shared = Arc::clone(&self.shared);
        let (kinds, room) = self.running.room(place, &shared);
        let found = shared
            .read(&seat, async |tx| store::look(tx, &kinds).await)
            .await?;
        if found.ready {
            let claimed = self.claim(&seat, kinds, take.min(room)).await?;
            if claimed > 0 {
                self.last = place;
                if let Some(tenant) = place {
                    self.shared.settler().forget(tenant);
                }
                return Ok(Visit {
                    claimed,
                    next: None,
                });
            }
        }
        let wall = self.shared.kernel.now();
        let overdue = found.next.is_some_and(|next| next <= wall);
        if overdue && !found.ready {
            self.report_unknown(&seat).await?;
        }
        if let (Some(tenant), Some(generation)) = (place, generation) {
            let verdict = self
                .shared
                .settler()
                .empty(tenant, generation, read, looked);
            // A job that is due and cannot be taken here keeps its hint for those who can.
            if verdict == Verdict::Settle && !overdue {
                let next = found.next;
                self.shared
                    .write(&Place::Control, async move |tx| {
                        hints::settle(tx, tenant, generation, next).await
                    })
                    .await?;
                self.shared.settler().forget(tenant);
            } else if verdict == Verdict::Settle {
                self.shared.settler().unreadable(tenant, generation, read);
            }
        }
        Ok(Visit {
            claimed: 0,
            next: found.next.filter(|_| !overdue).map(|next| next.since(wall)),
        })
    }

    async fn claim(&mut self, seat: &Place, kinds: String, take: usize) -> Result<usize, DbError> {
        let owner = self.shared.owner();
        let token = format!("{owner}{}", self.shared.kernel.id::<JobId>());
        let shared = Arc::clone(&self.shared);
        let claim_token = token.clone();
        let written = self
            .shared
            .write(seat, async move |tx| {
                let leased =
                    store::claim(tx, &kinds, &owner, &claim_token, shared.first_lease, take)
                        .await?;
                for job in &leased {
                    let Some(kind) = shared.kinds.get(job.kind.as_str()) else {
                        continue;
                    };
                    if kind.lease > shared.first_lease {
                        store::extend(tx, job.id, &claim_token, kind.lease).await?;
                    }
                }
                Ok(leased)
            })
            .await;
        if written.is_err() {
            // The commit may have happened all the same: what it leased is not running here.
            self.shared.disown();
        }
        let jobs = written?;
        let claimed = jobs.len();
        for job in jobs {
            let Some(kind) = self.shared.kinds.get(job.kind.as_str()).cloned() else {
                continue;
            };
            let seated = self.running.take(seat.tenant(), kind.name);
            self.attempts += 1;
            let attempt = work::run(
                Arc::clone(&self.shared),
                seat.clone(),
                kind,
                job,
                token.clone(),
                self.phase.clone(),
            );
            self.tasks.spawn(async move {
                attempt.await;
                drop(seated);
            });
        }
        Ok(claimed)
    }
}
