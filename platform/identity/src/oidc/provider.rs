//! The providers there are: the installation's and the workspaces'.

use std::sync::Arc;

use gantry_db::Tx;
use gantry_http::{Json, PublicCx, Query};
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{Secret, TenantId};
use gantry_openid::{Client, Issuer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{ClientAuthKind, ProviderConfig};
use super::{ProviderError, ProviderId, store};
use crate::{Error, Identity};

/// A provider that can be used now.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    /// Its name in addresses.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) client: Client,
    /// The workspace that trusts it; `None`: the installation does.
    pub(super) tenant: Option<TenantId>,
    /// Whether whoever it vouches for gets an account.
    pub(super) sign_up: bool,
}

/// Whose word counts, as stored with links.
pub(crate) fn scope(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(|| "installation".to_owned(), |tenant| tenant.to_string())
}

/// The configured providers. Errors: what is wrong with one.
pub(crate) fn configured(providers: &[ProviderConfig]) -> Result<Vec<Provider>, String> {
    let read = |one: &ProviderConfig| {
        Ok(Provider {
            key: one.key.to_string(),
            name: one.name.clone(),
            client: one.client()?,
            tenant: None,
            sign_up: one.sign_up,
        })
    };
    providers.iter().map(read).collect()
}

/// Where the sealed secret of a provider belongs.
pub(super) fn place(id: ProviderId) -> String {
    format!("oidc_providers/sealed_secret/{id}")
}

fn opened(keyring: &Keyring, row: store::ProviderRow) -> Result<Provider, ProviderError> {
    let secret = match &row.sealed_secret {
        None => None,
        Some(sealed) => {
            let bytes = keyring.open(&place(row.id), sealed)?;
            let text = String::from_utf8_lossy(bytes.expose()).into_owned();
            Some(Secret::new(text))
        }
    };
    let issuer: Option<Issuer> = row.issuer.parse().ok();
    let auth = ClientAuthKind::parse(&row.client_auth).and_then(|kind| kind.with(secret));
    // Checked before it was stored; what cannot be read any more cannot be used.
    let (issuer, auth) = issuer.zip(auth).ok_or(ProviderError::Gone)?;
    Ok(Provider {
        key: row.id.to_string(),
        name: row.name,
        client: Client {
            issuer,
            id: row.client_id,
            auth,
        },
        tenant: Some(row.tenant_id),
        sign_up: false,
    })
}

/// The provider of this name. Errors: [`Error::NotFound`] when there is none or it is switched off.
pub(super) async fn named(state: &Identity, tx: &mut Tx, key: &str) -> Result<Provider, Error> {
    let Ok(id) = key.parse::<ProviderId>() else {
        let known = state.providers.iter().find(|one| one.key == key);
        return known.cloned().ok_or(Error::NotFound);
    };
    let row = store::open_provider(tx, id).await?.ok_or(Error::NotFound)?;
    Ok(opened(&state.keyring, row)?)
}

/// Whose log-in page it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogInPage {
    /// A workspace, by id or slug: its own providers are listed, too.
    workspace: Option<String>,
}

/// A provider on a log-in page.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Button {
    /// What to begin with.
    key: String,
    /// What people read.
    name: String,
    /// Whether it opens that workspace alone.
    workspace_only: bool,
}

/// What a log-in page offers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Buttons {
    items: Vec<Button>,
}

/// The providers that people can sign in with. A workspace that does not exist looks like one without providers.
pub(crate) async fn list(
    identity: Arc<Identity>,
    _: PublicCx,
    Query(page): Query<LogInPage>,
) -> Result<Json<Buttons>, Error> {
    let workspace = page.workspace.unwrap_or_default();
    let own = identity
        .control
        .read(async move |tx| store::open_providers(tx, &workspace).await)
        .await?;
    let everywhere = identity.providers.iter().map(|one| Button {
        key: one.key.clone(),
        name: one.name.clone(),
        workspace_only: false,
    });
    let own = own.into_iter().map(|row| Button {
        key: row.id.to_string(),
        name: row.name,
        workspace_only: true,
    });
    let items = everywhere.chain(own).collect();
    Ok(Json(Buttons { items }))
}
