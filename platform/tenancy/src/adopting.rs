//! Making a tenant from a copy of its contents, taken here or in another installation.

use std::io::{Read, Seek};
use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_contracts::WorkspaceName;
use gantry_db::copy::{CopyError, Subject, verify};
use gantry_db::{TenantState, directory};
use gantry_jobs::outbox;
use gantry_kernel::{IdentityId, Problem, Slug, TenantId};

use crate::provisioning::store as provisionings;
use crate::tenants::{TenantView, view};
use crate::{By, Error, Tenancy, naming};

/// Why its mail does not leave by itself.
const HELD: &str = "held because the workspace came from a copy; it may have been sent before";

impl Tenancy {
    /// Makes a tenant from a copy that `gantry tenant export` or a backup wrote. It keeps its id, so it must
    /// not be here already; its slug must be free. Mail it had not sent waits for a person to decide. What
    /// was interrupted is done by asking again.
    pub async fn adopt<R: Read + Seek + Send + 'static>(
        &self,
        mut source: R,
        slug: Option<Slug>,
        name: Option<WorkspaceName>,
        owner: IdentityId,
        by: By,
    ) -> Result<TenantView, Error> {
        let (source, summary) = tokio::task::spawn_blocking(move || {
            let summary = verify(&mut source)?;
            source.rewind().map_err(CopyError::Read)?;
            Ok::<_, CopyError>((source, summary))
        })
        .await
        .map_err(Problem::internal)??;
        let Subject::Tenant { id, slug: own, .. } = summary.header.subject else {
            return Err(CopyError::OtherSubject {
                found: "control".to_owned(),
                wanted: "a tenant".to_owned(),
            }
            .into());
        };
        let slug = slug.unwrap_or(own);
        if naming::is_reserved(&slug) {
            return Err(Error::SlugReserved(slug));
        }
        let name = name.map_or_else(|| slug.to_string(), |name| name.as_str().to_owned());
        self.list(id, slug, name).await?;
        self.tenants.place(id).await?;
        let loaded = self.tenants.load(id, source).await?;
        let held = loaded
            .db()
            .write(async |tx| outbox::hold_all(tx, HELD).await)
            .await?;
        let loaded = Arc::new(loaded);
        let (adopting, members) = (Arc::clone(&loaded), self.members.clone());
        let adopted = self
            .control
            .write(async move |tx| {
                adopting.adoption().adopt(tx).await?;
                members.get()?.add_owner(tx, id, owner).await?;
                let tenant = directory::set_state(tx, id, TenantState::Active, None)
                    .await?
                    .ok_or(Error::NotFound)?;
                let facts = Facts::new()
                    .with("slug", &tenant.slug)
                    .with("owner", owner)
                    .with("mail_held", i64::try_from(held).unwrap_or(i64::MAX));
                let target = Target::new("tenant", id);
                let entry = Entry::new(by.actor, "tenancy.tenant.adopted", target)
                    .about(id)
                    .after(facts)
                    .origin(&by.origin);
                gantry_audit::append(tx, entry).await?;
                view(tx, tenant).await
            })
            .await?;
        self.forget(id);
        Ok(adopted)
    }

    /// Its row in the directory, without a database yet; one that an earlier attempt left is taken up.
    async fn list(&self, id: TenantId, slug: Slug, name: String) -> Result<(), Error> {
        self.control
            .write(async move |tx| {
                let Some(known) = directory::by_id(tx, id).await? else {
                    let listed = directory::insert_if_free(tx, id, &slug, &name).await?;
                    return listed.map(drop).ok_or(Error::SlugTaken(slug.clone()));
                };
                let waiting = known.database.is_empty() && known.state == TenantState::Provisioning;
                // One that is being set up has a row there.
                if waiting && provisionings::by_tenant(tx, id).await?.is_none() {
                    Ok(())
                } else {
                    Err(Error::Here(id))
                }
            })
            .await
    }
}
