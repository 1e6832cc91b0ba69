//! Signing in by others, from the log-in page to the session, with a provider on this machine.

mod links;
mod log_in;
mod settings;
mod workspace;

use std::sync::Arc;

use gantry_identity::{ClientAuthKind, IdentityConfig, ProviderConfig};
use gantry_testkit::openid::{CLIENT_ID, CLIENT_SECRET, Visit};
use gantry_testkit::{Engine, OpenIdProvider};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD, keyring};

pub(crate) const WHO: &str = "person@example.com";
const COMPLETE: &str = "/api/v1/auth/sessions/provider";
const LINKS: &str = "/api/v1/me/linked-accounts";

/// An installation with one provider, which is called `sso`.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) provider: OpenIdProvider,
    config: ProviderConfig,
    _secret: tempfile::TempDir,
}

/// A browser that came back.
#[derive(Clone)]
pub(crate) struct Back {
    pub(crate) visit: Visit,
    pub(crate) cookie: String,
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with(engine, false).await
    }

    /// `sign_up`: the provider is trusted to bring new people.
    pub(crate) async fn with(engine: Engine, sign_up: bool) -> Self {
        let stage = App::stage(engine).await;
        let provider = OpenIdProvider::start(&stage.kernel).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, format!("{CLIENT_SECRET}\n")).unwrap();
        let config = ProviderConfig {
            key: "sso".parse().unwrap(),
            name: "Example SSO".to_owned(),
            issuer: provider.issuer(),
            client_id: CLIENT_ID.to_owned(),
            client_auth: ClientAuthKind::Basic,
            client_secret_file: Some(file),
            sign_up,
        };
        let given = config.clone();
        let app = App::on(stage, keyring(&[1]), |config| with(config, given));
        Self {
            app,
            provider,
            config,
            _secret: folder,
        }
    }

    /// Another process of the installation.
    pub(crate) fn beside(&self) -> App {
        let (stage, given) = (Arc::clone(&self.app.stage), self.config.clone());
        App::on(stage, keyring(&[1]), |config| with(config, given))
    }

    /// Begins, and the person signs in at `at`.
    pub(crate) async fn leave(&self, at: &OpenIdProvider, ask: Ask) -> Back {
        let begun = self.app.send(ask).await;
        assert_eq!(begun.status, 200, "{:?}", begun.json);
        Back {
            visit: at.visit(&begun.text("authorization_url")),
            cookie: attempt(&begun).unwrap(),
        }
    }

    pub(crate) async fn leave_to_sign_in(&self) -> Back {
        self.leave(&self.provider, to_sign_in("sso")).await
    }

    pub(crate) async fn return_to(&self, app: &App, back: &Back) -> Answer {
        app.send(back.ask(COMPLETE)).await
    }

    /// The whole way.
    pub(crate) async fn sign_in(&self) -> Answer {
        let back = self.leave_to_sign_in().await;
        self.return_to(&self.app, &back).await
    }

    /// Links what `at` has in front of it to the account of a session.
    pub(crate) async fn link(&self, access: &str, key: &str, at: &OpenIdProvider) -> Answer {
        let back = self.leave(at, to_link(key).bearer(access)).await;
        self.app.send(back.ask(LINKS).bearer(access)).await
    }

    /// Somebody with a password, a workspace, and a linked account: the slug and an access token.
    pub(crate) async fn linked(&self) -> (String, String) {
        self.app.owner(WHO, "North Hall").await;
        let (access, _) = self.app.tokens(WHO).await;
        let linked = self.link(&access, "sso", &self.provider).await;
        assert_eq!(linked.status, 201, "{:?}", linked.json);
        (self.app.slug(&access).await, access)
    }
}

fn with(config: &mut IdentityConfig, provider: ProviderConfig) {
    config.providers = vec![provider];
}

pub(crate) fn to_sign_in(key: &str) -> Ask {
    Ask::post(&format!("/api/v1/auth/providers/{key}/attempts")).json(json!({}))
}

pub(crate) fn to_link(key: &str) -> Ask {
    Ask::post(&format!("/api/v1/me/providers/{key}/attempts"))
}

/// What an answer makes the browser hold.
pub(crate) fn attempt(answer: &Answer) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    let line = lines
        .map(|line| line.to_str().unwrap())
        .find_map(|line| line.strip_prefix("__Host-gantry_sign_in="))?;
    assert!(
        line.contains("; Secure; HttpOnly; SameSite=Lax; Max-Age="),
        "{line}"
    );
    line.split(';').next().map(str::to_owned)
}

impl Back {
    pub(crate) fn ask(&self, path: &str) -> Ask {
        let cookie = format!("other=1; __Host-gantry_sign_in={}", self.cookie);
        Ask::post(path)
            .json(self.visit.json())
            .header("cookie", &cookie)
    }
}

impl App {
    /// The first workspace of somebody.
    pub(crate) async fn slug(&self, access: &str) -> String {
        let me = self.send(Ask::get("/api/v1/me").bearer(access)).await;
        let slug = &me.json["memberships"][0]["slug"];
        slug.as_str().unwrap().to_owned()
    }

    pub(crate) async fn linked_accounts(&self, access: &str) -> Vec<Value> {
        let links = self.send(Ask::get(LINKS).bearer(access)).await;
        links.json["items"].as_array().unwrap().clone()
    }
}
