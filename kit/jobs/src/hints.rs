//! Finding due work among thousands of tenants without opening them: a hint per tenant in control.
//!
//! A hint `(tenant, due_at, generation)` may be early or stale, never missing: whenever a committed
//! job is due at `d`, the tenant's hint is at most `d`, or its writer has just told this process.
//!
//! # The rules
//! `M` is the longest time between the `before_commit` of a transaction and its COMMIT being visible
//! (kit/db ends transactions that take longer), measured on the writer's monotonic clock.
//!
//! 1. A writer makes sure of the hint *before* its COMMIT: it lowers `due_at` to at most `d` and
//!    raises `generation`, in a control transaction of its own.
//! 2. It may skip that write only while it knows, from a write of its own begun less than `M` ago,
//!    that the hint is at most `d`.
//! 3. The dispatcher raises or clears a hint only by compare-and-set on the generation `g` that it
//!    read at a moment `r`, only after looking into the tenant at a moment later than `r + 2M` plus a
//!    margin, and only up to the earliest time of any job found by that look. The set raises the
//!    generation too. (It also looks right after `r`, which finds what is already there sooner.)
//! 4. A row is never deleted, so no generation is seen twice.
//!
//! # Why nothing is lost
//! Take a job committed at `c` by a transaction whose `before_commit` ran at `b`, so `c <= b + M`. It
//! relied on a hint write begun at `h`, its own (`h = b`) or an earlier one of its process
//! (`b < h + M`); in both cases `c < h + 2M`. Take a compare-and-set that succeeds with generation
//! `g`, read at `r`.
//! - If the hint write came before `r` in control's order, then `h <= r`, so `c < r + 2M`: the job was
//!   visible to the last look, and the hint was raised to no more than the job's own time.
//! - If it came between `r` and the set, it raised the generation and the set failed.
//! - If it came after the set, it lowered the hint again.
//!
//! No case leaves a hint later than the job. The naive rules fail: removing after one empty look
//! loses a job whose transaction has written its hint and not yet committed; writing the hint after
//! COMMIT loses it when the process dies in between; trusting a remembered hint for longer than the
//! remover waits loses it after the removal. `tests/it/hints.rs` plays these through.
//!
//! Only durations are compared between processes, never clock readings; the margin covers clocks that
//! tick at slightly different rates. A transaction that rolls back leaves an early hint, which costs
//! a look. A restored or moved database brings jobs without hints: [`reindex`] reads every tenant.
//!
//! If the wall clock is set back, `due_at` values written before lie further ahead than meant: work
//! comes later by the jump, none is lost. Set forward, work comes sooner.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use gantry_db::{CommitHook, ControlDb, DbError, Tenants, Tx, args, from_row, sql};
use gantry_kernel::{Kernel, TenantId, Timestamp};
use tokio::sync::Notify;

use crate::{Probe, latent};

/// Above this many remembered tenants, expired memories are dropped.
const MANY: usize = 1_024;

/// A hint that this process wrote, and when it began to write it (monotonic).
#[derive(Debug, Clone, Copy)]
struct Known {
    due_at: Timestamp,
    since: Duration,
}

/// Writes hints before commits and wakes this process's dispatcher after them.
pub struct Hints {
    control: ControlDb,
    kernel: Kernel,
    max_transaction: Duration,
    known: Mutex<HashMap<TenantId, Known>>,
    told: Mutex<BTreeMap<TenantId, Timestamp>>,
    pub(crate) wake: Notify,
}

impl Hints {
    /// `max_transaction` is the bound that kit/db enforces, see the module's rules.
    pub fn new(control: ControlDb, kernel: Kernel, max_transaction: Duration) -> Arc<Self> {
        Arc::new(Self {
            control,
            kernel,
            max_transaction,
            known: Mutex::default(),
            told: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// How long a hint must have been left alone, with nothing due, before it may be raised: `2M` and
    /// a margin as long again as `M`, for the flush of a COMMIT that began within its time.
    pub(crate) fn quiet(&self) -> Duration {
        self.max_transaction * 3
    }

    /// Tenants that committed due work in this process since the last call.
    pub(crate) fn take_told(&self) -> BTreeMap<TenantId, Timestamp> {
        std::mem::take(&mut *lock(&self.told))
    }

    /// Whether rule 2 allows to skip the write.
    fn is_known(&self, tenant: TenantId, due_at: Timestamp) -> bool {
        let now = self.kernel.clock.monotonic();
        lock(&self.known).get(&tenant).is_some_and(|known| {
            known.due_at <= due_at && now.saturating_sub(known.since) < self.max_transaction
        })
    }

    fn remember(&self, tenant: TenantId, known: Known) {
        let mut memory = lock(&self.known);
        if memory.len() >= MANY {
            let now = self.kernel.clock.monotonic();
            memory.retain(|_, known| now.saturating_sub(known.since) < self.max_transaction);
        }
        memory.insert(tenant, known);
    }

    async fn make_sure(&self, tenant: TenantId, due_at: Timestamp) -> Result<(), DbError> {
        if self.is_known(tenant, due_at) {
            return Ok(());
        }
        let since = self.kernel.clock.monotonic();
        let due_at = self
            .control
            .write(async move |tx| lower(tx, tenant, due_at).await)
            .await?;
        self.remember(tenant, Known { due_at, since });
        Ok(())
    }
}

impl std::fmt::Debug for Hints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hints")
            .field("max_transaction", &self.max_transaction)
            .finish_non_exhaustive()
    }
}

impl CommitHook for Hints {
    fn before_commit(
        &self,
        tenant: TenantId,
        due: Timestamp,
    ) -> BoxFuture<'_, Result<(), DbError>> {
        self.make_sure(tenant, due).boxed()
    }

    fn after_commit(&self, tenant: Option<TenantId>, due: Timestamp) {
        if let Some(tenant) = tenant {
            let mut told = lock(&self.told);
            let earliest = told.entry(tenant).or_insert(due);
            *earliest = due.min(*earliest);
        }
        self.wake.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A hint as control holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) tenant_id: TenantId,
    pub(crate) due_at: Timestamp,
    pub(crate) generation: i64,
}
from_row!(Hint {
    tenant_id,
    due_at,
    generation
});

/// Lowers a tenant's hint to at most `due_at` and raises its generation; answers what it then is.
async fn lower(tx: &mut Tx, tenant: TenantId, due_at: Timestamp) -> Result<Timestamp, DbError> {
    tx.one::<Timestamp>(
        sql!(
            "insert into due_hints (tenant_id, due_at, generation) values ($1, $2, 1)
             on conflict (tenant_id) do update set
                 due_at = case when due_hints.due_at < excluded.due_at
                               then due_hints.due_at else excluded.due_at end,
                 generation = due_hints.generation + 1
             returning due_at"
        ),
        &args![tenant, due_at],
    )
    .await
}

/// The hints of active tenants that are due, earliest first, from after the one given. A suspended tenant's
/// work waits: its data is read-only, and its hint stays for when it is resumed.
pub(crate) async fn due(
    tx: &mut Tx,
    after: Option<(Timestamp, TenantId)>,
    limit: i64,
) -> Result<Vec<Hint>, DbError> {
    let now = tx.now();
    let (due_at, tenant) = after.map_or(
        (Timestamp::from_micros(i64::MIN), String::new()),
        |(due_at, tenant)| (due_at, tenant.to_string()),
    );
    tx.all(
        sql!(
            "select h.tenant_id, h.due_at, h.generation
             from due_hints h join tenants t on t.id = h.tenant_id
             where h.due_at <= $1 and t.state = 'active'
               and h.due_at >= $2 and (h.due_at > $2 or h.tenant_id > $3)
             order by h.due_at, h.tenant_id limit $4"
        ),
        &args![now, due_at, tenant, limit],
    )
    .await
}

/// When the next hint falls due.
pub(crate) async fn next(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    let now = tx.now();
    let (next,) = tx
        .one::<(Option<Timestamp>,)>(
            sql!("select min(due_at) from due_hints where due_at > $1"),
            &args![now],
        )
        .await?;
    Ok(next)
}

/// Rule 3's compare-and-set: false if somebody wrote the hint since `generation` was read.
pub(crate) async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    generation: i64,
    next: Option<Timestamp>,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            sql!(
                "update due_hints set due_at = $3, generation = generation + 1
                 where tenant_id = $1 and generation = $2"
            ),
            &args![tenant, generation, next],
        )
        .await?;
    Ok(changed == 1)
}

/// What a walk over all tenants found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reindexed {
    /// Tenants read.
    pub read: u64,
    /// Tenants with work, whose hints were made sure of.
    pub hinted: u64,
    /// Tenants that could not be read, and why.
    pub failed: Vec<(TenantId, String)>,
}

/// Looks into a tenant no more: it has no database any longer.
pub async fn quiet(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "update due_hints set due_at = null, generation = generation + 1 where tenant_id = $1"
        ),
        &args![tenant],
    )
    .await
    .map(drop)
}

/// Reads every tenant's queue, and what `probes` find, and makes sure of its hint; for use after a restore
/// or a move. Safe while everything runs: hints are only ever lowered.
pub async fn reindex(
    control: &ControlDb,
    tenants: &Tenants,
    probes: &[Probe],
) -> Result<Reindexed, DbError> {
    let mut result = Reindexed::default();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let page: Vec<(TenantId,)> = control
            .read(async move |tx| {
                tx.all(
                    sql!(
                        "select id from tenants where id > $1 and state in ('active', 'suspended')
                         order by id limit 500"
                    ),
                    &args![from],
                )
                .await
            })
            .await?;
        let Some((last,)) = page.last() else {
            return Ok(result);
        };
        after = last.to_string();
        for (tenant,) in page {
            match earliest(tenants, tenant, probes).await {
                Ok(None) => result.read += 1,
                Ok(Some(due_at)) => {
                    control
                        .write(async move |tx| lower(tx, tenant, due_at).await)
                        .await?;
                    result.read += 1;
                    result.hinted += 1;
                }
                Err(error) => result.failed.push((tenant, error.to_string())),
            }
        }
    }
}

/// As [`reindex`], for one tenant: after it was given another database.
pub async fn reindex_one(
    control: &ControlDb,
    tenants: &Tenants,
    tenant: TenantId,
    probes: &[Probe],
) -> Result<(), DbError> {
    if let Some(due_at) = earliest(tenants, tenant, probes).await? {
        control
            .write(async move |tx| lower(tx, tenant, due_at).await)
            .await?;
    }
    Ok(())
}

async fn earliest(
    tenants: &Tenants,
    tenant: TenantId,
    probes: &[Probe],
) -> Result<Option<Timestamp>, DbError> {
    let db = tenants.get(tenant).await?;
    db.read(async move |tx| {
        let (queued,) = tx
            .one::<(Option<Timestamp>,)>(
                sql!("select min(due_at) from jobs where state = 'queued'"),
                &args![],
            )
            .await?;
        let latent = latent::earliest(tx, probes).await?;
        Ok(queued.into_iter().chain(latent).min())
    })
    .await
}
