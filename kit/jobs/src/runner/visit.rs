//! A look into one place: claiming what is due there, or learning that nothing is. Looks run side by
//! side, so that a database that hangs holds up nobody else.

use std::{sync::Arc, time::Duration};

use gantry_db::DbError;
use gantry_kernel::{JobId, TenantId};
use tokio::sync::watch;

use super::{
    Phase, Shared,
    seats::{Held, Lane, Seats},
};
use crate::{
    JobKind, Place, hints, latent,
    settle::Verdict,
    store::{self, Claimed},
};

/// The longest a look into a tenant may take, its opening and migration included.
const LONGEST_VISIT: Duration = Duration::from_secs(10);

/// One look that is to be made.
pub(super) struct Visit {
    pub(super) shared: Arc<Shared>,
    pub(super) seats: Seats,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) place: Option<TenantId>,
    pub(super) lane: Lane,
    /// The generation of the hint that led here, and a moment not before its reading.
    pub(super) generation: Option<i64>,
    pub(super) read: Duration,
    /// How many places want seats.
    pub(super) places: usize,
}

/// What a look came to.
#[derive(Default)]
pub(super) struct Found {
    pub(super) claimed: Option<Claim>,
    /// Something is due that no seat was free for.
    pub(super) crowded: bool,
    /// Due jobs of kinds that nobody here knows.
    pub(super) unknown: Vec<String>,
    /// How long until the next job of the place is due.
    pub(super) next: Option<Duration>,
}

/// Jobs leased to this process, and the seats kept for them.
pub(super) struct Claim {
    pub(super) place: Place,
    pub(super) jobs: Vec<Claimed>,
    pub(super) token: String,
    pub(super) reserved: Held,
}

impl Visit {
    /// Makes the look. One into a tenant ends in bounded time.
    pub(super) async fn make(self) -> Result<Found, DbError> {
        if self.place.is_none() {
            return self.look().await;
        }
        if let Ok(found) = tokio::time::timeout(LONGEST_VISIT, self.look()).await {
            return found;
        }
        // A claim may have been on its way.
        self.shared.disown();
        Err(DbError::Timeout)
    }

    async fn look(&self) -> Result<Found, DbError> {
        let shared = &self.shared;
        let looked = shared.kernel.clock.monotonic();
        let (kinds, room) = self.seats.room(self.lane, self.place, shared);
        let looking = async {
            let place = match self.place {
                None => Place::Control,
                Some(tenant) => Place::Tenant(shared.tenants.get(tenant).await?),
            };
            let found = shared
                .read(&place, async |tx| {
                    let latent = latent::due(tx, self.probed()).await?;
                    Ok(store::look(tx, &kinds).await?.with(latent, tx.now()))
                })
                .await?;
            Ok::<_, DbError>((place, found))
        };
        let (place, found) = tokio::select! {
            found = looking => found?,
            () = stopping(self.phase.clone()) => return Ok(Found::default()),
        };
        if found.ready {
            let seats = &self.seats;
            let reserved = seats.reserve(self.lane, self.place, shared, self.places, room);
            let Some(reserved) = reserved else {
                return Ok(Found {
                    crowded: true,
                    ..Found::default()
                });
            };
            let claim = self.claim(place.clone(), kinds, reserved).await?;
            if !claim.jobs.is_empty() {
                if let Some(tenant) = self.place {
                    shared.settler().forget(tenant);
                }
                return Ok(Found {
                    claimed: Some(claim),
                    ..Found::default()
                });
            }
        }
        if self.lane == Lane::Brief {
            // What else is due here nobody has looked at.
            return Ok(Found::default());
        }
        let wall = shared.kernel.now();
        let overdue = found.next.is_some_and(|next| next <= wall);
        let mut unknown = Vec::new();
        if overdue && !found.ready {
            unknown = shared
                .read(&place, async |tx| {
                    store::unknown_kinds(tx, &shared.known).await
                })
                .await?;
        }
        self.settle(looked, &found, overdue).await?;
        Ok(Found {
            unknown,
            next: found.next.filter(|_| !overdue).map(|next| next.since(wall)),
            ..Found::default()
        })
    }

    /// The kinds whose work is looked for.
    fn probed(&self) -> impl Iterator<Item = &JobKind> {
        in_lane(&self.shared, self.lane)
    }

    /// Nothing can be taken here: raises the hint, once that is allowed.
    async fn settle(
        &self,
        looked: Duration,
        found: &store::Look,
        overdue: bool,
    ) -> Result<(), DbError> {
        let (Some(tenant), Some(generation)) = (self.place, self.generation) else {
            return Ok(());
        };
        let shared = &self.shared;
        let verdict = shared
            .settler()
            .empty(tenant, generation, self.read, looked);
        // A job that is due and cannot be taken here keeps its hint for those who can.
        if verdict == Verdict::Settle && !overdue {
            let next = found.next;
            shared
                .write(&Place::Control, async move |tx| {
                    hints::settle(tx, tenant, generation, next).await
                })
                .await?;
            shared.settler().forget(tenant);
        } else if verdict == Verdict::Settle {
            shared.settler().unreadable(tenant, generation, self.read);
        }
        Ok(())
    }

    async fn claim(&self, place: Place, kinds: String, reserved: Held) -> Result<Claim, DbError> {
        let owner = self.shared.owner();
        let token = format!("{owner}{}", self.shared.kernel.id::<JobId>());
        let (shared, claim_token) = (Arc::clone(&self.shared), token.clone());
        let (take, lane) = (reserved.count(), self.lane);
        let written = self
            .shared
            .write(&place, async move |tx| {
                latent::surface(tx, in_lane(&shared, lane)).await?;
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
        Ok(Claim {
            place,
            jobs: written?,
            token,
            reserved,
        })
    }
}

fn in_lane(shared: &Shared, lane: Lane) -> impl Iterator<Item = &JobKind> {
    let kinds = shared.kinds.values();
    kinds.filter(move |kind| kind.brief || lane == Lane::Common)
}

/// Waits until nothing new is to be taken. A runner that is dropped says nothing and drops its looks.
async fn stopping(mut phase: watch::Receiver<Phase>) {
    let dropped = phase
        .wait_for(|phase| *phase != Phase::Running)
        .await
        .is_err();
    if dropped {
        std::future::pending::<()>().await;
    }
}
