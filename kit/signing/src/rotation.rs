//! How one key follows another: on schedule, sooner because somebody wants it, or at once because a key is compromised.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::{DbError, Tx};
use gantry_jobs::{JobCx, JobError, JobKind, Schedule};
use gantry_kernel::{Actor, Period, Timestamp};

use crate::store::{self, KeyRow, KeyState};
use crate::{KeyChange, KeyError, NewKey, SigningKeys};

/// The longest life of a token; a key is known for longer than that after it signed last.
pub const LONGEST_TOKEN: Period = Period::hours(1);

const KIND: &str = "identity.signing_keys";

/// How long a key is known after it signed last: the longest life a token can have, whatever it was set to when the token
/// was made, and time for clocks that disagree and for a process that was slow to hear of it.
const KEPT: Duration = LONGEST_TOKEN.get().saturating_add(Duration::from_mins(5));

/// How long after its publication every process of this installation knows a key.
const FOLLOWED: Duration = Duration::from_secs(1);

/// The times of a rotation.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long a key signs.
    pub period: Duration,
    /// How long before it signs it is published.
    pub lead: Duration,
}

/// How urgently a key is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurry {
    /// When its time has come.
    None,
    /// As soon as verifiers elsewhere have had time to read the next one.
    Soon,
    /// As soon as the processes of this installation know the next one, a second after it is made; verifiers elsewhere
    /// may have to read the keys anew.
    Now,
}

/// A key as `gantry keys ls` shows it.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its id: the JWK thumbprint of its public part.
    pub kid: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// What happens to it next, and when.
    pub next: (KeyStep, Timestamp),
}

/// What happens to a key next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// The key that follows it is published.
    Followed,
    /// It begins to sign.
    Signs,
    /// It ceases to sign.
    Retires,
    /// It is forgotten.
    Forgotten,
}

impl Plan {
    /// When the next key is to sign, and `None` while it is too early to publish one.
    fn start(
        &self,
        active: &KeyRow,
        next: Option<&KeyRow>,
        hurry: Hurry,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let due = active.not_before + self.period;
        match (next, hurry) {
            (None, Hurry::None) => (now + self.lead >= due).then(|| due.max(now + self.lead)),
            (None, Hurry::Soon) => Some(now + self.lead),
            (None, Hurry::Now) => Some(now + FOLLOWED),
            (Some(next), Hurry::None) => Some(next.not_before),
            (Some(next), Hurry::Soon) => Some(next.not_before.min(next.created_at + self.lead)),
            (Some(next), Hurry::Now) => Some(next.not_before.min(next.created_at + FOLLOWED)),
        }
    }
}

/// Does what is due, with `spare` as the key to be made if one is needed.
async fn advance(
    tx: &mut Tx,
    plan: Plan,
    spare: &NewKey,
    hurry: Hurry,
) -> Result<Vec<KeyChange>, DbError> {
    let now = tx.now();
    let mut changes = Vec::new();
    let (over, keys): (Vec<_>, Vec<_>) = store::all(tx)
        .await?
        .into_iter()
        .partition(|key| key.not_after.is_some_and(|until| until <= now));
    for KeyRow { kid, .. } in over {
        store::forget(tx, &kid).await?;
        changes.push(KeyChange::Forgotten { kid });
    }
    let Some(active) = in_state(&keys, KeyState::Active) else {
        changes.extend(succeed(tx, &keys, spare).await?);
        return Ok(changes);
    };
    let next = in_state(&keys, KeyState::Next);
    let Some(signs) = plan.start(active, next, hurry, now) else {
        return Ok(changes);
    };
    match next {
        None => {
            if store::insert(tx, spare, KeyState::Next, signs).await? {
                let kid = spare.kid.clone();
                changes.push(KeyChange::Published { kid, signs });
            }
        }
        Some(_) if signs <= now => {
            let (kid, until) = (active.kid.clone(), now + KEPT);
            store::close(tx, &kid, KeyState::Retired, until).await?;
            changes.push(KeyChange::Retired { kid, until });
            changes.extend(succeed(tx, &keys, spare).await?);
        }
        Some(next) if signs < next.not_before => {
            store::move_start(tx, &next.kid, signs).await?;
            let kid = next.kid.clone();
            changes.push(KeyChange::Advanced { kid, signs });
        }
        Some(_) => {}
    }
    Ok(changes)
}

/// Refuses a key's tokens from now on; `None` if there is no such key.
async fn revoke(tx: &mut Tx, spare: &NewKey, kid: &str) -> Result<Option<Vec<KeyChange>>, DbError> {
    let keys = store::all(tx).await?;
    let Some(key) = keys.iter().find(|key| key.kid == kid) else {
        return Ok(None);
    };
    let mut changes = Vec::new();
    if key.state != KeyState::Revoked {
        let until = tx.now() + KEPT;
        store::close(tx, kid, KeyState::Revoked, until).await?;
        changes.push(KeyChange::Revoked {
            kid: kid.to_owned(),
        });
    }
    if key.state == KeyState::Active {
        changes.extend(succeed(tx, &keys, spare).await?);
    }
    Ok(Some(changes))
}

fn in_state(keys: &[KeyRow], state: KeyState) -> Option<&KeyRow> {
    keys.iter().find(|key| key.state == state)
}

/// There is no active key now: the next one takes over, or one that is made for it.
async fn succeed(
    tx: &mut Tx,
    keys: &[KeyRow],
    spare: &NewKey,
) -> Result<Option<KeyChange>, DbError> {
    let kid = if let Some(next) = in_state(keys, KeyState::Next) {
        store::activate(tx, &next.kid).await?;
        next.kid.clone()
    } else {
        let now = tx.now();
        if !store::insert(tx, spare, KeyState::Active, now).await? {
            return Ok(None);
        }
        spare.kid.clone()
    };
    Ok(Some(KeyChange::Activated { kid }))
}

async fn record(tx: &mut Tx, actor: Actor, changes: &[KeyChange]) -> Result<(), DbError> {
    for change in changes {
        gantry_audit::append(tx, change.entry(actor)).await?;
    }
    Ok(())
}

impl SigningKeys {
    /// Does what is due. Two processes that do it together do it once.
    pub(crate) async fn advance(
        &self,
        hurry: Hurry,
        actor: Actor,
    ) -> Result<Vec<KeyChange>, KeyError> {
        let (plan, spare) = (self.plan, self.make()?);
        let changes = self
            .control
            .write(async move |tx| {
                let changes = advance(tx, plan, &spare, hurry).await?;
                record(tx, actor, &changes).await?;
                Ok::<_, DbError>(changes)
            })
            .await?;
        Ok(changes)
    }

    /// Refuses all tokens of a key, here at once and in every process within a second; if it is the one that signs,
    /// another one does from now on. `None`: there is no such key.
    pub async fn revoke(&self, kid: &str) -> Result<Option<Vec<KeyChange>>, KeyError> {
        let (kid, spare) = (kid.to_owned(), self.make()?);
        let changes = self
            .control
            .write(async move |tx| {
                let changes = revoke(tx, &spare, &kid).await?;
                record(tx, Actor::Rescue, changes.as_deref().unwrap_or_default()).await?;
                Ok::<_, DbError>(changes)
            })
            .await?;
        if changes.is_some() {
            self.reload().await?;
        }
        Ok(changes)
    }

    /// All keys, the active one first.
    pub async fn list(&self) -> Result<Vec<SigningKey>, KeyError> {
        let keys = self.control.read(async |tx| store::all(tx).await).await?;
        let plan = self.plan;
        let next = in_state(&keys, KeyState::Next).map(|next| next.not_before);
        let step = |key: &KeyRow| match (key.state, key.not_after, next) {
            (KeyState::Active, _, Some(next)) => (KeyStep::Retires, next),
            (KeyState::Active, _, None) => {
                let end = key.not_before + plan.period;
                (KeyStep::Followed, end.before(plan.lead))
            }
            (KeyState::Next, ..) => (KeyStep::Signs, key.not_before),
            (_, until, _) => (KeyStep::Forgotten, until.unwrap_or(key.not_before)),
        };
        Ok(keys
            .iter()
            .map(|key| SigningKey {
                kid: key.kid.clone(),
                state: key.state,
                created_at: key.created_at,
                next: step(key),
            })
            .collect())
    }

    /// Replaces the key that signs, as a rescue: publishes the next one if there is none, and lets it sign once that is
    /// safe. Called again when its time has come, or left to the schedule.
    pub async fn rotate(&self, hurry: Hurry) -> Result<Vec<KeyChange>, KeyError> {
        let changes = self.advance(hurry, Actor::Rescue).await?;
        self.reload().await?;
        Ok(changes)
    }

    /// Replaces the key that signs within moments: waits for the second in which every process reads the next one.
    pub async fn rotate_now(&self) -> Result<Vec<KeyChange>, KeyError> {
        let mut changes = self.rotate(Hurry::Now).await?;
        let signs = |change: &KeyChange| matches!(change, KeyChange::Activated { .. });
        if !changes.iter().any(signs) {
            tokio::time::sleep(FOLLOWED).await;
            changes.extend(self.rotate(Hurry::None).await?);
        }
        Ok(changes)
    }
}

/// The job that keeps to the schedule.
pub fn job(keys: &Arc<SigningKeys>) -> JobKind {
    let keys = Arc::clone(keys);
    JobKind::new(KIND, move |cx| {
        let keys = Arc::clone(&keys);
        async move { run(&keys, cx).await }
    })
}

/// Keys live for days; an hour more or less does not matter.
pub fn schedule() -> Schedule {
    Schedule::new(KIND, Duration::from_hours(1), KIND)
}

async fn run(keys: &SigningKeys, _: JobCx) -> Result<(), JobError> {
    let changes = keys
        .advance(Hurry::None, Actor::System)
        .await
        .map_err(|error| match error {
            KeyError::Db(error) => error.into(),
            error => JobError::retry(error.to_string()),
        })?;
    for change in &changes {
        tracing::info!(%change, "signing keys");
    }
    Ok(())
}
