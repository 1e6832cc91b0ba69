//! The first step: everything a tenant needs to come into being, in the caller's transaction.

use futures_util::{FutureExt, future::BoxFuture};
use gantry_audit::{Entry, Facts, Target};
use gantry_contracts::{NewWorkspace, Workspaces};
use gantry_db::{ControlTx, directory};
use gantry_kernel::{Actor, IdentityId, Origin, Problem, Slug, TenantId};

use super::{enqueue, store};
use crate::{Error, naming};

/// How the slug is found.
pub(crate) enum SlugChoice {
    /// This one or none: an operator types it and reads the refusal.
    Exactly(Slug),
    /// This one if it is free and allowed, else one like it: nobody is there to be asked again
    /// when a link from a mail is opened.
    Wished(Slug),
    /// From the name.
    FromName,
}

/// A tenant to begin.
pub(crate) struct NewTenant<'a> {
    pub(crate) owner: IdentityId,
    pub(crate) name: &'a str,
    pub(crate) slug: SlugChoice,
    pub(crate) actor: Actor,
    pub(crate) origin: &'a Origin,
}

/// Writes the directory row, the state of the set-up, the job and the audit row.
pub(crate) async fn begin(
    tx: &mut ControlTx,
    new: NewTenant<'_>,
) -> Result<directory::Tenant, Error> {
    let id = tx.kernel().id::<TenantId>();
    let tenant = insert(tx, id, new.name, new.slug).await?;
    store::insert(tx, id, new.owner).await?;
    enqueue(tx, id).await?;
    let entry = Entry::new(new.actor, "tenancy.tenant.begun", Target::new("tenant", id));
    let facts = Facts::new()
        .with("slug", &tenant.slug)
        .with("owner", new.owner);
    gantry_audit::append(tx, entry.about(id).after(facts).origin(new.origin)).await?;
    Ok(tenant)
}

/// Of people who sign up at once with one name, the first gets the plain slug. The insert itself
/// decides, without looking first: a look would make all of them wait for each other on PostgreSQL.
async fn insert(
    tx: &mut ControlTx,
    id: TenantId,
    name: &str,
    choice: SlugChoice,
) -> Result<directory::Tenant, Error> {
    let stem = match choice {
        SlugChoice::Exactly(slug) => {
            if naming::is_reserved(&slug) {
                return Err(Error::SlugReserved(slug));
            }
            let made = directory::insert_if_free(tx, id, &slug, name).await?;
            return made.ok_or(Error::SlugTaken(slug));
        }
        SlugChoice::Wished(slug) => Some(slug),
        SlugChoice::FromName => Slug::from_name(name),
    };
    let plain = stem.clone().filter(|slug| !naming::is_reserved(slug));
    let kernel = tx.kernel().clone();
    let endings = [4, 6, 9].map(|ending| naming::with_ending(stem.as_ref(), &kernel, ending));
    for slug in std::iter::once(plain).chain(endings).flatten() {
        if let Some(tenant) = directory::insert_if_free(tx, id, &slug, name).await? {
            return Ok(tenant);
        }
    }
    Err(Error::NoSlug)
}

/// The contract for whoever signs people up.
#[derive(Debug)]
pub struct Beginner;

impl Workspaces for Beginner {
    fn begin<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        workspace: NewWorkspace,
    ) -> BoxFuture<'a, Result<TenantId, Problem>> {
        async move {
            let new = NewTenant {
                owner: workspace.owner,
                name: workspace.name.as_str(),
                slug: workspace
                    .slug
                    .map_or(SlugChoice::FromName, SlugChoice::Wished),
                actor: Actor::Identity(workspace.owner),
                origin: &Origin::default(),
            };
            let tenant = begin(tx, new).await?;
            Ok(tenant.id)
        }
        .boxed()
    }
}
