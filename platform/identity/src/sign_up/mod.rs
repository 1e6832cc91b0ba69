//! Sign-up: a person asks, a mail proves the address, and only then anything is made for them.
//!
//! Anybody can type anybody's address. So sign-ups of one address are independent of each other: each has its
//! own password and its own mail, and a link confirms the very sign-up it was mailed for. A stranger who signs
//! up before or after somebody can neither slip a password under their link nor make it useless.

pub(crate) mod api;
mod store;

pub(crate) use store::{NewSignUp, forget, pending, put, sweep};

use gantry_contracts::{NewWorkspace, Workspaces};
use gantry_db::{ControlTx, directory};
use gantry_kernel::{IdentityId, Kind, Problem, TenantId, define_id};

use crate::{Error, Identity, account};
use store::NewTenant;

define_id! {
    /// One sign-up, of possibly several with an address.
    pub struct SignUpId;
}

/// Which password a confirmed sign-up brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    /// The one it was made with.
    Own,
    /// None: it is not known whose it would be.
    Unset,
}

/// What became of a sign-up.
pub(crate) struct Confirmed {
    pub(crate) identity: IdentityId,
    pub(crate) tenant: NewTenant,
}

/// Confirms the address of an account by one of its sign-ups and begins the workspace that asked for, in one
/// transaction: there is never a confirmed owner whose workspace was forgotten. The other sign-ups of the
/// address are over. Errors: [`Error::LinkGone`] when it was over before.
pub(crate) async fn confirm(
    state: &Identity,
    tx: &mut ControlTx,
    sign_up: SignUpId,
    password: Password,
) -> Result<Confirmed, Error> {
    let wish = store::get(tx, sign_up).await?.ok_or(Error::LinkGone)?;
    let identity = wish.identity_id;
    let hash = (password == Password::Own).then_some(wish.password_hash.as_str());
    if !account::store::confirm(tx, identity, &wish.name, hash).await? {
        return Err(Error::LinkGone);
    }
    forget(tx, identity).await?;
    let workspaces = state.workspaces.get().map_err(Problem::from)?;
    let begun = begin(tx, workspaces, identity, wish).await?;
    Ok(Confirmed {
        identity,
        tenant: store::tenant(tx, begun).await?,
    })
}

/// The wished address was free or unknown at the sign-up and may be taken by now. That must not cost the
/// person the workspace: without a wish a free one is made from the name, and can be changed later.
async fn begin(
    tx: &mut ControlTx,
    workspaces: &dyn Workspaces,
    owner: IdentityId,
    wish: store::Wish,
) -> Result<TenantId, Error> {
    let mut wanted = NewWorkspace {
        owner,
        name: wish.workspace_name,
        slug: None,
    };
    if let Some(slug) = wish.workspace_slug
        && directory::by_slug(tx, &slug).await?.is_none()
    {
        wanted.slug = Some(slug);
    }
    let wished = wanted.slug.is_some();
    match workspaces.begin(tx, wanted.clone()).await {
        Err(refused) if wished && matches!(refused.kind, Kind::Conflict | Kind::Invalid) => {
            Ok(workspaces
                .begin(
                    tx,
                    NewWorkspace {
                        slug: None,
                        ..wanted
                    },
                )
                .await?)
        }
        begun => Ok(begun?),
    }
}
