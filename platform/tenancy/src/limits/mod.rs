//! How much of something a tenant may have: configured for all, set by operators for one.

pub(crate) mod api;
pub(crate) mod store;

use std::collections::BTreeMap;

use futures_util::{FutureExt, future::BoxFuture};
use gantry_contracts::Limits;
use gantry_db::{ControlDb, DbError};
use gantry_kernel::{Problem, TenantId};

pub(crate) use store::LimitRow;

use crate::{Error, TenancyConfig};

/// The limit this module knows the use of.
pub(crate) const MEMBERS: &str = "members";

/// Answers what a tenant may have.
pub struct LimitBook {
    control: ControlDb,
    defaults: BTreeMap<String, i64>,
}

impl LimitBook {
    /// With these defaults.
    pub fn new(control: ControlDb, config: &TenancyConfig) -> Self {
        Self {
            control,
            defaults: config.limits.clone(),
        }
    }
}

impl Limits for LimitBook {
    /// Read anew each time: a point read costs less than a cache that must be right.
    fn limit<'a>(
        &'a self,
        tenant: TenantId,
        name: &'static str,
    ) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
        async move {
            let Some(default) = self.defaults.get(name).copied() else {
                return Ok(None);
            };
            let set = self
                .control
                .read(async |tx| store::one(tx, tenant, name).await)
                .await
                .map_err(|error: DbError| Problem::from(error))?;
            Ok(Some(set.unwrap_or(default)))
        }
        .boxed()
    }
}

/// Whether these changes can be made.
pub(crate) fn check(
    config: &TenancyConfig,
    changes: &BTreeMap<String, Option<i64>>,
) -> Result<(), Error> {
    for (name, value) in changes {
        if !config.limits.contains_key(name) {
            return Err(Error::UnknownLimit(name.clone()));
        }
        if value.is_some_and(|value| value < 0) {
            return Err(Error::NegativeLimit(name.clone()));
        }
    }
    Ok(())
}
