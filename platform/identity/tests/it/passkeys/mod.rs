//! Passkeys: registered, used in all three ways, and everything that an authenticator may say and must not get by with.

mod account;
mod ceremonies;
mod forged;
mod log_in;
mod register;

use gantry_testkit::SoftPasskey;
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask};

pub(crate) const WHO: &str = "owner@example.com";
/// Where browsers find what listens on 127.0.0.1:8080.
pub(crate) const PAGE: &str = "http://localhost:8080";
const OF_LOG_IN: &str = "/api/v1/auth/passkey-ceremonies";
const LOG_IN: &str = "/api/v1/auth/sessions/passkey";
const OF_STEP_UP: &str = "/api/v1/me/step-up/passkey";
const STEP_UP: &str = "/api/v1/me/step-up";
const OF_NEW: &str = "/api/v1/me/passkeys/ceremonies";
const MINE: &str = "/api/v1/me/passkeys";

/// Somebody with a passkey, signed in.
pub(crate) struct Keyed {
    pub(crate) access: String,
    pub(crate) key: SoftPasskey,
    pub(crate) codes: Vec<String>,
}

impl App {
    /// Begins to register a passkey.
    pub(crate) async fn asked_for_new(&self, access: &str) -> Value {
        let asked = self.send(Ask::post(OF_NEW).bearer(access)).await;
        assert_eq!(asked.status, 201, "{:?}", asked.json);
        asked.json
    }

    /// Sends what an authenticator made.
    pub(crate) async fn register(&self, access: &str, asked: &Value, made: Value) -> Answer {
        let body = json!({ "ceremony": asked["ceremony"], "name": "A key", "credential": made });
        self.post(MINE, access, body).await
    }

    /// Registers a key for whoever is signed in.
    pub(crate) async fn add_key(&self, access: &str, key: &mut SoftPasskey) -> Answer {
        let asked = self.asked_for_new(access).await;
        let made = key.create(&asked["public_key"]);
        let registered = self.register(access, &asked, made).await;
        assert_eq!(registered.status, 201, "{:?}", registered.json);
        registered
    }

    /// A workspace owner with a passkey.
    pub(crate) async fn keyed(&self, email: &str, key: SoftPasskey) -> Keyed {
        self.owner(email, &format!("Hall of {email}")).await;
        let (access, _) = self.tokens(email).await;
        let mut key = key;
        let registered = self.add_key(&access, &mut key).await;
        let codes = registered.json["recovery_codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        Keyed {
            codes: codes.collect(),
            access,
            key,
        }
    }

    /// Begins a log-in by passkey alone.
    pub(crate) async fn asked_to_log_in(&self) -> Value {
        let asked = self.send(Ask::post(OF_LOG_IN).json(json!({}))).await;
        assert_eq!(asked.status, 201, "{:?}", asked.json);
        asked.json
    }

    /// Signs in by a passkey alone.
    pub(crate) async fn log_in_by(&self, key: &mut SoftPasskey) -> Answer {
        let asked = self.asked_to_log_in().await;
        let shown = key.get(&asked["public_key"]);
        self.send(Ask::post(LOG_IN).json(shows(&asked, &shown)))
            .await
    }

    /// Confirms a session by a passkey.
    pub(crate) async fn confirm_by(&self, access: &str, key: &mut SoftPasskey) -> Answer {
        let asked = self.send(Ask::post(OF_STEP_UP).bearer(access)).await;
        assert_eq!(asked.status, 201, "{:?}", asked.json);
        let shown = key.get(&asked.json["public_key"]);
        self.post(STEP_UP, access, shows(&asked.json, &shown)).await
    }
}

/// The answer to a ceremony, as a request carries it.
pub(crate) fn shows(asked: &Value, shown: &Value) -> Value {
    json!({ "passkey": { "ceremony": asked["ceremony"], "credential": shown } })
}
