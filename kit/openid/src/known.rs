//! What is known of providers: their descriptions and keys, asked for once and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_kernel::Kernel;
use gantry_outbound::{Outbound, Request};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::metadata::{self, Metadata};
use crate::{Issuer, OpenIdError};

/// How long a description and keys are good without asking again.
const KEPT: Duration = Duration::from_hours(1);
/// How soon keys are asked for again because a token names one that is not among them. Whoever can make tokens with
/// made-up names must not make us ask more often.
const SOONEST: Duration = Duration::from_mins(1);
/// For how long a provider that failed is not asked.
const SPARED: Duration = Duration::from_secs(5);
/// Providers that are remembered.
const REMEMBERED: usize = 1_000;
/// The largest key set that is read, and how many keys of it.
const MAX_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 100;

/// One provider; the lock makes many who ask at once wait for one answer.
#[derive(Default)]
struct Provider(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    metadata: Option<(Duration, Arc<Metadata>)>,
    keys: Option<(Duration, Arc<Vec<Jwk>>)>,
    failed: Option<Duration>,
}

/// All providers that were asked lately.
pub(crate) struct Known {
    outbound: Outbound,
    kernel: Kernel,
    providers: Mutex<HashMap<Issuer, Arc<Provider>>>,
}

impl Known {
    pub(crate) fn new(outbound: Outbound, kernel: Kernel) -> Self {
        Self {
            outbound,
            kernel,
            providers: Mutex::new(HashMap::new()),
        }
    }

    fn provider(&self, issuer: &Issuer) -> Arc<Provider> {
        let mut providers = self
            .providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = providers.get(issuer) {
            return Arc::clone(known);
        }
        // Any may go: it is asked again when it is needed.
        if providers.len() >= REMEMBERED
            && let Some(other) = providers.keys().next().cloned()
        {
            providers.remove(&other);
        }
        Arc::clone(providers.entry(issuer.clone()).or_default())
    }

    /// What the provider says about itself.
    pub(crate) async fn metadata(&self, issuer: &Issuer) -> Result<Arc<Metadata>, OpenIdError> {
        let provider = self.provider(issuer);
        let mut state = provider.0.lock().await;
        self.described(issuer, &mut state).await
    }

    async fn described(
        &self,
        issuer: &Issuer,
        state: &mut State,
    ) -> Result<Arc<Metadata>, OpenIdError> {
        let now = self.kernel.clock.monotonic();
        if let Some((at, metadata)) = &state.metadata
            && now.saturating_sub(*at) < KEPT
        {
            return Ok(Arc::clone(metadata));
        }
        let url = issuer
            .discovery()
            .map_err(|_| OpenIdError::Provider("its issuer is no address"))?;
        let asked = self.ask(state, url, metadata::MAX_BYTES).await?;
        let metadata = Metadata::read(issuer, &asked);
        let metadata = Arc::new(metadata.inspect_err(|_| state.failed = Some(now))?);
        state.metadata = Some((now, Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// The provider's keys, among which `wanted` finds one; asked for anew, if they may be, when it does not.
    pub(crate) async fn keys(
        &self,
        issuer: &Issuer,
        wanted: impl Fn(&[Jwk]) -> bool,
    ) -> Result<Arc<Vec<Jwk>>, OpenIdError> {
        let provider = self.provider(issuer);
        let mut state = provider.0.lock().await;
        let now = self.kernel.clock.monotonic();
        if let Some((at, keys)) = &state.keys {
            let age = now.saturating_sub(*at);
            if age < SOONEST || (age < KEPT && wanted(keys)) {
                return Ok(Arc::clone(keys));
            }
        }
        let metadata = self.described(issuer, &mut state).await?;
        let asked = self
            .ask(&mut state, metadata.keys.clone(), MAX_BYTES)
            .await?;
        let keys = Arc::new(read_keys(&asked).inspect_err(|_| state.failed = Some(now))?);
        state.keys = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    async fn ask(&self, state: &mut State, url: Url, max: usize) -> Result<Vec<u8>, OpenIdError> {
        let now = self.kernel.clock.monotonic();
        if let Some(at) = state.failed
            && now.saturating_sub(at) < SPARED
        {
            return Err(OpenIdError::Failing);
        }
        let answered = self.outbound.send(Request::get(url, max)).await;
        let answered = answered.inspect_err(|_| state.failed = Some(now))?;
        if answered.status != http::StatusCode::OK {
            state.failed = Some(now);
            return Err(OpenIdError::Provider("it answers with an error"));
        }
        state.failed = None;
        Ok(answered.body.to_vec())
    }
}

/// The keys that can be understood: one of a kind that is not known must not make the others useless.
fn read_keys(body: &[u8]) -> Result<Vec<Jwk>, OpenIdError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(body)
        .map_err(|_| OpenIdError::Provider("its keys cannot be read"))?;
    if set.keys.len() > MAX_KEYS {
        return Err(OpenIdError::Provider("it has too many keys"));
    }
    let known = set.keys.into_iter();
    Ok(known
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect())
}
