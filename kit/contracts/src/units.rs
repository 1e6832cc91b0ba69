//! Which units a tenant has, for whoever stores scopes over them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use gantry_kernel::{Problem, TenantId, UnitId};

/// Provided by a product that divides tenants into units (branches, classes, projects). It takes no transaction,
/// because units live in the tenant's database and those who ask live in control.
pub trait Units: Send + Sync + 'static {
    /// Those of `asked` that are no units of the tenant, as of now.
    fn unknown(
        &self,
        tenant: TenantId,
        asked: BTreeSet<UnitId>,
    ) -> BoxFuture<'_, Result<BTreeSet<UnitId>, Problem>>;
}

/// The units of all products of one process. Filled after the last module was built, before anything runs; clones
/// are the same.
#[derive(Clone, Default)]
pub struct UnitSources(Arc<OnceLock<Vec<Arc<dyn Units>>>>);

impl UnitSources {
    /// Names the products' sources, once; a second time changes nothing.
    pub fn fill(&self, sources: Vec<Arc<dyn Units>>) {
        self.0.get_or_init(|| sources);
    }

    /// Those of `asked` that no product knows as a unit of the tenant; all of them where no product has units.
    pub async fn unknown(
        &self,
        tenant: TenantId,
        asked: BTreeSet<UnitId>,
    ) -> Result<BTreeSet<UnitId>, Problem> {
        let mut unknown = asked;
        for source in self.0.get().into_iter().flatten() {
            if unknown.is_empty() {
                break;
            }
            unknown = source.unknown(tenant, unknown).await?;
        }
        Ok(unknown)
    }
}

impl fmt::Debug for UnitSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = self.0.get().map_or(0, Vec::len);
        f.debug_tuple("UnitSources").field(&sources).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use gantry_kernel::{Kernel, ManualClock};

    use super::*;

    struct Knows(UnitId);

    impl Units for Knows {
        fn unknown(
            &self,
            _: TenantId,
            mut asked: BTreeSet<UnitId>,
        ) -> BoxFuture<'_, Result<BTreeSet<UnitId>, Problem>> {
            asked.remove(&self.0);
            async move { Ok(asked) }.boxed()
        }
    }

    #[test]
    fn a_unit_exists_when_one_product_knows_it() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let (tenant, a, b, c) = (kernel.id(), kernel.id(), kernel.id(), kernel.id());
        let sources = UnitSources::default();
        let ask = |units: &[UnitId]| {
            let asked = units.iter().copied().collect();
            sources
                .unknown(tenant, asked)
                .now_or_never()
                .unwrap()
                .unwrap()
        };
        assert_eq!(ask(&[a]), BTreeSet::from([a]), "no product has units");
        sources.fill(vec![Arc::new(Knows(a)), Arc::new(Knows(b))]);
        assert_eq!(ask(&[a, b]), BTreeSet::new());
        assert_eq!(ask(&[a, c]), BTreeSet::from([c]));
    }
}
