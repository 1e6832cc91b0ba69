//! The Ed25519 keys that sign access tokens: made by Gantry, kept sealed, published as JWKS, replaced regularly.
//!
//! A key is `next` (published, so that verifiers elsewhere know it in time), `active` (signs; there is one), then
//! `retired` (still verifies, until its last token has died; its private part is gone), then forgotten. A `revoked` key
//! verifies nothing from one moment to the other. `rotation.rs` moves them on; here they are loaded.
//!
//! Every process reads the keys again when what it has is half a second old, so that a revocation counts
//! everywhere within a second and nobody signs with a key that is retired. The table belongs to the module that signs.

mod change;
mod rotation;
mod set;
mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use gantry_db::{ControlDb, DbError};
use gantry_kernel::crypto::{Keyring, SealError};
use gantry_kernel::{Actor, Kernel, Secret};
use tokio::sync::Mutex;

pub use change::KeyChange;
pub use rotation::{Hurry, KeyStep, SigningKey};
pub use rotation::{LONGEST_TOKEN, Plan, job, schedule};
pub use set::{ActiveKey, Jwk, JwkSet, KeySet};
pub use store::KeyState;

/// How long the published keys may be kept by whoever reads them.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// How old the keys may be that a process works with: half of the second within which a revocation counts.
const FRESH: Duration = Duration::from_millis(500);
/// Least time between two reads for key ids that are not known: made-up ones must not become a flood of reads.
const APART: Duration = Duration::from_millis(50);

/// Why the signing keys are not there.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The sealed private part does not open under the configured master keys.
    #[error("signing key {kid} cannot be opened: {source}")]
    Sealed {
        /// Which key.
        kid: String,
        /// Why.
        source: SealError,
    },
    /// A key could not be made or read.
    #[error("a signing key is unusable")]
    Unusable,
}

/// A key that was just made and is in no table yet.
#[derive(Clone)]
struct NewKey {
    kid: String,
    public: Vec<u8>,
    sealed: Vec<u8>,
}

struct Loaded {
    set: Arc<KeySet>,
    began: Duration,
}

/// How the last read ended. Who waited for it shares its outcome, so that requests do not queue up for one attempt each
/// while the database is away.
struct Outcome {
    number: u64,
    began: Duration,
    result: Result<Arc<KeySet>, KeyError>,
}

/// The keys as this process knows them.
pub struct SigningKeys {
    kernel: Kernel,
    control: ControlDb,
    keyring: Arc<Keyring>,
    plan: Plan,
    loaded: RwLock<Option<Loaded>>,
    /// Reads begun so far.
    begun: AtomicU64,
    /// Held by who reads.
    turn: Mutex<Option<Outcome>>,
}

impl SigningKeys {
    /// Reads and makes nothing yet.
    pub fn new(kernel: Kernel, control: ControlDb, keyring: Arc<Keyring>, plan: Plan) -> Self {
        Self {
            kernel,
            control,
            keyring,
            plan,
            loaded: RwLock::new(None),
            begun: AtomicU64::new(0),
            turn: Mutex::new(None),
        }
    }

    /// The keys, at most half a second old; the first key of an installation is made here.
    pub async fn current(&self) -> Result<Arc<KeySet>, KeyError> {
        if let Some(set) = self.fresh() {
            return Ok(set);
        }
        let reads = self.begun.load(Ordering::Acquire);
        self.load(reads, Duration::ZERO).await
    }

    /// The keys, read once more if `kid` is not among them: another process may just have made it.
    pub async fn knowing(&self, kid: &str) -> Result<Arc<KeySet>, KeyError> {
        let reads = self.begun.load(Ordering::Acquire);
        let set = self.current().await?;
        if set.decoding(kid).is_some() {
            return Ok(set);
        }
        self.load(reads, APART).await
    }

    /// Reads the keys after a change that was made here.
    async fn reload(&self) -> Result<Arc<KeySet>, KeyError> {
        let reads = self.begun.load(Ordering::Acquire);
        self.load(reads, Duration::ZERO).await
    }

    fn fresh(&self) -> Option<Arc<KeySet>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let known = loaded.as_ref()?;
        let age = self.kernel.clock.monotonic().saturating_sub(known.began);
        (age < FRESH).then(|| Arc::clone(&known.set))
    }

    /// The outcome of a read that began after the first `reads`: one that somebody else made meanwhile, or a new one, no
    /// sooner than `apart` after the last.
    async fn load(&self, reads: u64, apart: Duration) -> Result<Arc<KeySet>, KeyError> {
        let mut turn = self.turn.lock().await;
        if let Some(last) = &*turn {
            if last.number > reads {
                return last.result.clone();
            }
            let since = self.kernel.clock.monotonic().saturating_sub(last.began);
            if let Some(wait) = apart.checked_sub(since) {
                tokio::time::sleep(wait).await;
            }
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let began = self.kernel.clock.monotonic();
        let result = self.read().await;
        if let Ok(set) = &result {
            let set = Arc::clone(set);
            let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
            *loaded = Some(Loaded { set, began });
        }
        *turn = Some(Outcome {
            number,
            began,
            result: result.clone(),
        });
        result
    }

    async fn read(&self) -> Result<Arc<KeySet>, KeyError> {
        let mut keys = self.control.read(async |tx| store::good(tx).await).await?;
        if !keys.iter().any(|key| key.state == KeyState::Active) {
            self.advance(Hurry::None, Actor::System).await?;
            keys = self.control.read(async |tx| store::good(tx).await).await?;
        }
        KeySet::of(&self.keyring, keys).map(Arc::new)
    }

    /// A new key.
    fn make(&self) -> Result<NewKey, KeyError> {
        let mut seed = Secret::new([0_u8; 32]);
        self.kernel.entropy.fill(seed.expose_mut());
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| KeyError::Unusable)?;
        let public = pair.public_key().as_ref().to_vec();
        let kid = set::thumbprint(&public);
        let entropy = self.kernel.entropy.as_ref();
        match self.keyring.seal(entropy, &place(&kid), seed.expose()) {
            Ok(sealed) => Ok(NewKey {
                kid,
                public,
                sealed,
            }),
            Err(source) => Err(KeyError::Sealed { kid, source }),
        }
    }
}

/// Where the sealed seed belongs.
fn place(kid: &str) -> String {
    format!("signing_keys/sealed_private/{kid}")
}
