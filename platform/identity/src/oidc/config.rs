//! The installation's providers, as the operator configures them.

use std::path::PathBuf;

use gantry_kernel::{Secret, Slug};
use gantry_openid::{Client, ClientAuth};
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::oidc::ProviderId;

/// How the client shows the provider who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthKind {
    /// `client_secret_basic`, which every provider knows.
    #[default]
    Basic,
    /// `client_secret_post`.
    Post,
    /// No secret: a public client.
    None,
}

impl ClientAuthKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::None => "none",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Basic, Self::Post, Self::None];
        all.into_iter().find(|one| one.as_str() == text)
    }

    /// With its secret, which all but public clients have; `None` when one is missing or left over.
    pub(super) fn with(self, secret: Option<Secret<String>>) -> Option<ClientAuth> {
        match (self, secret) {
            (Self::Basic, Some(secret)) => Some(ClientAuth::Basic(secret)),
            (Self::Post, Some(secret)) => Some(ClientAuth::Post(secret)),
            (Self::None, None) => Some(ClientAuth::None),
            _ => None,
        }
    }
}

/// A provider by which people of all workspaces sign in.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its name in addresses; what is linked does not depend on it.
    pub key: Slug,
    /// What people read: "Google".
    pub name: String,
    /// Its issuer, exactly as the provider writes it.
    pub issuer: String,
    /// What the provider knows this installation as.
    pub client_id: String,
    /// How it is asked for tokens.
    #[serde(default)]
    pub client_auth: ClientAuthKind,
    /// The file that holds the client secret.
    pub client_secret_file: Option<PathBuf>,
    /// Whether whoever it vouches for, with an address it has confirmed, gets an account.
    #[serde(default)]
    pub sign_up: bool,
}

impl ProviderConfig {
    /// The registration it describes. Errors: what is wrong with it.
    pub(super) fn client(&self) -> Result<Client, String> {
        let key = &self.key;
        let wrong = |why: &dyn std::fmt::Display| format!("provider {key}: {why}");
        if key.as_str().parse::<ProviderId>().is_ok() {
            return Err(wrong(&"its key looks like an id"));
        }
        let secret = match &self.client_secret_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| wrong(&format!("{}: {error}", path.display())))?;
                let text = text.trim_end_matches(['\r', '\n']);
                if text.is_empty() {
                    return Err(wrong(&format!("{} is empty", path.display())));
                }
                Some(Secret::new(text.to_owned()))
            }
        };
        let auth = self.client_auth.with(secret);
        let auth = auth.ok_or_else(|| {
            wrong(&"client_secret_file is needed, unless client_auth is \"none\"")
        })?;
        let text = |text: &str| !text.trim().is_empty() && text.len() <= 255;
        if !text(&self.name) || !text(&self.client_id) {
            return Err(wrong(&"name and client_id are texts of up to 255 bytes"));
        }
        Ok(Client {
            issuer: self.issuer.parse().map_err(|error| wrong(&error))?,
            id: self.client_id.clone(),
            auth,
        })
    }
}

/// What is wrong with the providers.
pub(crate) fn review(providers: &[ProviderConfig]) -> Vec<Remark> {
    let refused = |why| Remark::Refused {
        key: "providers",
        why,
    };
    let faults = providers.iter().filter_map(|one| one.client().err());
    let doubled = providers.iter().enumerate().filter_map(|(at, one)| {
        let twice = providers[..at]
            .iter()
            .any(|other| other.key == one.key || other.issuer == one.issuer);
        twice.then(|| format!("provider {}: its key or issuer is there twice", one.key))
    });
    faults.chain(doubled).map(refused).collect()
}
