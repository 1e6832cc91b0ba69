//! Beginning a tenant.

use futures_util::future::BoxFuture;
use gantry_db::ControlTx;
use gantry_kernel::{IdentityId, Problem, Slug, TenantId, Text};

/// The name of a workspace, as people write it.
pub type WorkspaceName = Text<1, 120>;

/// A workspace somebody asks for.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    /// Who will own it; becomes a member when the workspace turns active.
    pub owner: IdentityId,
    /// What its people call it.
    pub name: WorkspaceName,
    /// Its part of the address; `None` lets the provider derive a free one from the name.
    pub slug: Option<Slug>,
}

/// Provided by tenancy.
pub trait Workspaces: Send + Sync + 'static {
    /// Begins a workspace in the caller's transaction: the row `provisioning` and the job that makes
    /// the database and then calls [`Members::add_owner`](crate::Members::add_owner). If the caller's
    /// transaction commits, the workspace will become active or visibly failed; if not, nothing
    /// happened.
    ///
    /// A wished slug that is taken or reserved is replaced by one like it: when a link from a mail is
    /// opened, nobody is there to choose another.
    fn begin<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        workspace: NewWorkspace,
    ) -> BoxFuture<'a, Result<TenantId, Problem>>;
}
