//! The words every crate of Gantry shares, and the seams through which the outside comes in.
//!
//! Nothing here does I/O. Time and randomness enter through [`Kernel`], so a test can hold both;
//! values that must be well formed (ids, e-mail addresses, slugs, money) are types that cannot hold
//! anything else, and each describes itself once for decoding, encoding and the `OpenAPI` document.

pub mod actor;
pub mod clock;
pub mod column;
pub mod crypto;
pub mod email;
pub mod entropy;
mod fold;
pub mod formula;
mod host;
pub mod id;
pub mod money;
pub mod permission;
pub mod problem;
pub mod secret;
pub mod signing;
pub mod text;
pub mod time;
pub mod units;

pub use actor::{Actor, MAX_USER_AGENT, Origin};
pub use clock::{Clock, ManualClock, SystemClock};
pub use email::Email;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use fold::fold;
pub use host::is_loopback;
pub use id::{ApiKeyId, IdentityId, JobId, NewId, SessionId, TenantId, UnitId};
pub use money::{Currency, Money};
pub use permission::{Permission, Scope, ScopeKind};
pub use problem::{FieldError, Kind, Problem};
pub use secret::Secret;
pub use text::{Slug, Text};
pub use time::{CivilDate, Timestamp};
pub use units::{ByteSize, Period};

#[doc(hidden)]
pub mod __private {
    pub use {schemars, serde, uuid};
}

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The seams of a process: where time and randomness come from.
///
/// Passed by value (three reference counts); the system one is made once, in `main`.
#[derive(Clone)]
pub struct Kernel {
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
    /// Cryptographically strong randomness (seeded in tests).
    pub entropy: Arc<dyn Entropy>,
    /// The stamp of the last id.
    last_id: Arc<AtomicU64>,
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel")
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

impl Kernel {
    /// A kernel with these seams.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            clock,
            entropy,
            last_id: Arc::default(),
        }
    }

    /// The operating system's clock and random generator.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock::start()), Arc::new(SystemEntropy))
    }

    /// A kernel for tests: a clock that stands still until it is moved, and repeatable randomness.
    #[must_use]
    pub fn manual(clock: &ManualClock, seed: u64) -> Self {
        Self::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(seed)))
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier: `UUIDv7` of the current millisecond and 62 random bits (RFC 9562, 5.7). Those of one kernel and its
    /// clones sort in the order in which they were made.
    #[must_use]
    pub fn id<T: NewId>(&self) -> T {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        T::from_uuid(id::uuid_v7(self.now(), &self.last_id, random))
    }

    /// A new bearer secret: 256 random bits in base64url without padding (43 characters).
    #[must_use]
    pub fn token(&self) -> Secret<String> {
        use base64::Engine;
        let mut random = [0; 32];
        self.entropy.fill(&mut random);
        Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random))
    }

    /// A number in `0..bound` (0 when `bound` is 0), for jitter; the bias of at most 2^-32 does not matter there.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        let mut random = [0; 8];
        self.entropy.fill(&mut random);
        ((u128::from(u64::from_le_bytes(random)) * u128::from(bound)) >> 64) as u64
    }
}
