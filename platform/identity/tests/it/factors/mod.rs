//! Second factors: setting them up, signing in with them, confirming with them, and every way around them.

mod half;
mod recovery;
mod step_up;
mod totp;

use gantry_testkit::AuthenticatorApp;
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

pub(crate) const WHO: &str = "owner@example.com";
const HALF: &str = "/api/v1/auth/sessions/second-factor";

/// Somebody with an authenticator app, signed in.
pub(crate) struct Guarded {
    pub(crate) email: String,
    pub(crate) access: String,
    pub(crate) phone: AuthenticatorApp,
    pub(crate) codes: Vec<String>,
}

impl App {
    pub(crate) fn seconds(&self) -> i64 {
        self.kernel.now().as_seconds()
    }

    pub(crate) async fn post(&self, path: &str, access: &str, body: Value) -> Answer {
        self.send(Ask::post(path).bearer(access).json(body)).await
    }

    /// Asks for an authenticator app.
    pub(crate) async fn enrol(&self, access: &str) -> AuthenticatorApp {
        let begun = self.send(Ask::post("/api/v1/me/totp").bearer(access)).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        AuthenticatorApp::new(&begun.text("secret"))
    }

    /// Sets an authenticator app up for somebody with a password, and lets its step pass.
    pub(crate) async fn guard(&self, email: &str) -> Guarded {
        let (access, _) = self.tokens(email).await;
        let phone = self.enrol(&access).await;
        let body = json!({ "code": phone.code(self.seconds()) });
        let confirmed = self.post("/api/v1/me/totp/confirm", &access, body).await;
        assert_eq!(confirmed.status, 200, "{:?}", confirmed.json);
        let codes = confirmed.json["recovery_codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        let codes = codes.collect();
        self.pass(30);
        Guarded {
            email: email.to_owned(),
            access,
            phone,
            codes,
        }
    }

    /// A workspace owner with an authenticator app.
    pub(crate) async fn guarded_owner(&self) -> Guarded {
        self.owner(WHO, "North Hall").await;
        self.guard(WHO).await
    }

    /// Access and refresh token of somebody with an authenticator app, in a new session.
    pub(crate) async fn tokens_of(&self, who: &Guarded) -> (String, String) {
        let begun = who.sign_in(self).await;
        self.pass(30);
        (begun.text("access_token"), begun.text("refresh_token"))
    }

    /// The first step of a log-in that takes two.
    pub(crate) async fn challenge(&self, email: &str) -> String {
        let half = self.log_in(email, PASSWORD).await;
        assert_eq!(half.status, 202, "{:?}", half.json);
        half.text("challenge")
    }

    /// The second step.
    pub(crate) async fn complete(&self, mut body: Value, challenge: &str) -> Answer {
        body["challenge"] = json!(challenge);
        self.send(Ask::post(HALF).json(body)).await
    }

    pub(crate) async fn factors(&self, access: &str) -> Value {
        self.send(Ask::get("/api/v1/me/factors").bearer(access))
            .await
            .json
    }
}

impl Guarded {
    /// What the app shows now, `steps` from now.
    pub(crate) fn code(&self, app: &App, steps: i64) -> Value {
        json!({ "code": self.phone.code(app.seconds() + 30 * steps) })
    }

    /// A code that is wrong in every step that counts.
    pub(crate) fn wrong(&self, app: &App) -> Value {
        let good: Vec<String> = (-1..=1)
            .map(|step| self.phone.code(app.seconds() + 30 * step))
            .collect();
        let wrong = (0..9)
            .map(|n| format!("{n:06}"))
            .find(|code| !good.contains(code));
        json!({ "code": wrong })
    }

    /// Signs in with both steps.
    pub(crate) async fn sign_in(&self, app: &App) -> Answer {
        let challenge = app.challenge(&self.email).await;
        let begun = app.complete(self.code(app, 0), &challenge).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        begun
    }
}

/// The claims of an access token.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let body = token.split('.').nth(1).unwrap();
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(body)
        .unwrap();
    serde_json::from_slice(&body).unwrap()
}
