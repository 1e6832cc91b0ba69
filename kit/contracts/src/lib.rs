//! What one module asks of another, as traits: the caller names the trait, the provider implements
//! it, and neither names the other's crate.
//!
//! The contracts here take the caller's control transaction, because what they do must happen
//! together with what the caller does: a sign-up and its workspace, an activated workspace and its
//! owner. That ties both modules to one process and one control database, which they share anyway;
//! contracts without a transaction may later be served by another process.
//!
//! A module fills the slot of a contract it provides while it is built, and names those it calls in
//! the `needs` of its manifest. A need that nobody fills refuses the start.

mod access;
mod files;
mod limits;
mod members;
mod people;
mod slot;
mod units;
mod workspaces;

pub use access::AccessCache;
pub use files::TenantFiles;
pub use limits::{LIMIT_REACHED, Limits, within_limit};
pub use members::Members;
pub use people::People;
pub use slot::{NotProvided, ProvidedTwice, Slot};
pub use units::{UnitSources, Units};
pub use workspaces::{NewWorkspace, WorkspaceName, Workspaces};

/// The name of [`Workspaces`] in a module's `needs`.
pub const WORKSPACES: &str = "workspaces";

/// The name of [`Members`] in a module's `needs`.
pub const MEMBERS: &str = "members";

/// The name of [`People`] in a module's `needs`.
pub const PEOPLE: &str = "people";

/// The name of [`Limits`] in a module's `needs`.
pub const LIMITS: &str = "limits";

/// The name of [`TenantFiles`] in a module's `needs`.
pub const FILES: &str = "files";

/// The name of [`AccessCache`].
pub const ACCESS_CACHE: &str = "access_cache";

/// The slots of one process. Clones are the same slots.
#[derive(Clone, Debug)]
pub struct Contracts {
    /// Filled by tenancy, called by identity.
    pub workspaces: Slot<dyn Workspaces>,
    /// Filled by identity, called by tenancy.
    pub members: Slot<dyn Members>,
    /// Filled by identity, called by whoever tells people something.
    pub people: Slot<dyn People>,
    /// Filled by tenancy, called by whoever adds what is limited.
    pub limits: Slot<dyn Limits>,
    /// Filled by files, called by tenancy.
    pub files: Slot<dyn TenantFiles>,
    /// Filled by identity, called by tenancy.
    pub access_cache: Slot<dyn AccessCache>,
    /// Filled from what products hand over, called by identity.
    pub units: UnitSources,
}

impl Contracts {
    /// Empty slots.
    pub fn new() -> Self {
        Self {
            workspaces: Slot::new(WORKSPACES),
            members: Slot::new(MEMBERS),
            people: Slot::new(PEOPLE),
            limits: Slot::new(LIMITS),
            files: Slot::new(FILES),
            access_cache: Slot::new(ACCESS_CACHE),
            units: UnitSources::default(),
        }
    }

    /// Whether the contract of this name has been provided; `None` if there is no such contract.
    pub fn is_provided(&self, name: &str) -> Option<bool> {
        match name {
            WORKSPACES => Some(self.workspaces.is_provided()),
            MEMBERS => Some(self.members.is_provided()),
            PEOPLE => Some(self.people.is_provided()),
            LIMITS => Some(self.limits.is_provided()),
            FILES => Some(self.files.is_provided()),
            ACCESS_CACHE => Some(self.access_cache.is_provided()),
            _ => None,
        }
    }
}

impl Default for Contracts {
    fn default() -> Self {
        Self::new()
    }
}
