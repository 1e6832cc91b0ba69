//! What a person has besides a password: an authenticator app, and the codes on paper.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{Answer, Client};
use crate::AuthenticatorApp;

/// The second factor of an account on a server whose clock is the system's.
#[derive(Debug)]
pub struct SecondFactor {
    /// A code of it is good once, and the next one takes half a minute.
    pub app: AuthenticatorApp,
    codes: Mutex<Vec<String>>,
}

impl SecondFactor {
    /// Sets an authenticator app up for whoever signed in at `client`, whose session counts as confirmed by it then.
    pub async fn set_up(client: &Client) -> Self {
        let begun = client.post("/api/v1/me/totp").await.expect(201);
        let app = AuthenticatorApp::new(&begun.text_at("/secret"));
        let body = json!({ "code": app.code(seconds()) });
        let confirmed = client.post("/api/v1/me/totp/confirm").json(&body).await;
        let codes = confirmed.expect(200).value()["recovery_codes"].take();
        let codes =
            serde_json::from_value(codes).expect("the first factor comes with recovery codes");
        Self {
            app,
            codes: Mutex::new(codes),
        }
    }

    /// A recovery code that was not used yet.
    pub fn recovery_code(&self) -> String {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.pop().expect("there are ten recovery codes")
    }

    /// Completes the log-in that `half` is the first step of, by a recovery code, which needs no waiting.
    pub async fn complete(&self, client: &Client, half: Answer) -> Answer {
        let challenge = half.expect(202).text_at("/challenge");
        let body = json!({ "challenge": challenge, "recovery_code": self.recovery_code() });
        let path = "/api/v1/auth/sessions/second-factor";
        client.anonymous().post(path).json(&body).await.expect(201)
    }
}

/// Seconds since 1970, as the server's clock has them.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.expect("it is after 1970").as_secs())
        .expect("it is long before the end of time")
}
