//! How much room tenants' databases take.

use std::collections::BTreeMap;

use gantry_kernel::TenantId;

use super::Tenants;
use crate::database::blocking;
use crate::homes::{At, Home};
use crate::{DbError, directory};

impl Tenants {
    /// The bytes of each of these tenants' databases; who has none, or one that cannot be asked about
    /// now, is left out.
    pub async fn sizes(
        &self,
        tenants: &[directory::Tenant],
    ) -> Result<BTreeMap<TenantId, u64>, DbError> {
        let mut by_home: BTreeMap<Home, Vec<(TenantId, String)>> = BTreeMap::new();
        for tenant in tenants.iter().filter(|one| !one.database.is_empty()) {
            let place = (tenant.id, tenant.database.clone());
            by_home.entry(Home::of(tenant)).or_default().push(place);
        }
        let mut sizes = BTreeMap::new();
        for (home, places) in by_home {
            let found = match self.shared().homes.at(&home) {
                Ok(At::Files(home)) => {
                    let files = home.files.clone();
                    blocking(move || {
                        let measure =
                            |(id, address): (TenantId, String)| Some((id, files.size(&address)?));
                        Ok(places.into_iter().filter_map(measure).collect())
                    })
                    .await
                }
                Ok(At::Server(server)) => server.sizes(&places).await,
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => sizes.extend(found),
                Err(error) => {
                    tracing::warn!(%home, %error, "how large its tenants are cannot be found out");
                }
            }
        }
        Ok(sizes)
    }
}
