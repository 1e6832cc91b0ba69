//! The first minutes of a customer: sign up, read the mail, confirm, log in, wait for the workspace.

use std::time::Duration;

use serde_json::{Value, json};

use super::Client;
use crate::{SmtpSim, eventually};

/// Mail and a new database are the work of jobs; several tests share two cores.
const PATIENCE: Duration = Duration::from_secs(30);

/// A person with a workspace of their own. The steps are apart, so that a test can stop between any
/// two; [`Owner::ready`] takes them all.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Where they sign in.
    pub email: String,
    /// Long enough, and no word of it is their name.
    pub password: String,
    /// Their own name.
    pub name: String,
    /// The workspace's name in addresses.
    pub slug: String,
    /// Calls as this person once signed in; before that as nobody.
    pub client: Client,
    /// The tenant's id, once confirmed.
    pub tenant: String,
    /// The refresh token of the last log-in.
    pub refresh_token: String,
}

impl Owner {
    /// Somebody who has not been here yet. `handle` is unique on the server and fit for an address:
    /// lower-case letters, digits and hyphens.
    pub fn new(client: &Client, handle: &str) -> Self {
        Self {
            email: format!("{handle}@example.com"),
            password: format!("quiet-harbour-{:04}-lantern", handle.len() * 37),
            name: format!("Person {handle}"),
            slug: format!("{handle}-space"),
            client: client.anonymous(),
            tenant: String::new(),
            refresh_token: String::new(),
        }
    }

    /// All steps: what comes back is signed in and has an active workspace.
    pub async fn ready(client: &Client, mail: &SmtpSim, handle: &str) -> Self {
        let mut owner = Self::new(client, handle);
        owner.sign_up().await;
        owner.confirm(mail).await;
        owner.log_in().await;
        owner.wait_active().await;
        owner
    }

    /// Asks for an account and a workspace.
    pub async fn sign_up(&self) {
        let body = self.sign_up_body();
        self.client
            .post("/api/v1/auth/sign-ups")
            .json(&body)
            .await
            .expect(202)
            .done();
    }

    /// What [`sign_up`](Self::sign_up) sends.
    pub fn sign_up_body(&self) -> Value {
        json!({
            "email": self.email,
            "password": self.password,
            "name": self.name,
            "workspace_name": format!("Workspace of {}", self.name),
            "workspace_slug": self.slug,
        })
    }

    /// Opens the mail and follows its link.
    pub async fn confirm(&mut self, mail: &SmtpSim) {
        let token = self.token(mail).await;
        let body = json!({ "token": token });
        let answer = self
            .client
            .post("/api/v1/auth/verifications")
            .json(&body)
            .await
            .expect(200);
        self.tenant = answer.text_at("/tenant/id");
        self.slug = answer.text_at("/tenant/slug");
    }

    /// The token in the newest mail to this person.
    pub async fn token(&self, mail: &SmtpSim) -> String {
        mail.wait_mail(&self.email, "", PATIENCE)
            .await
            .parameter("token")
    }

    /// Signs in as an API client; [`client`](Self::client) calls as this person from here on.
    pub async fn log_in(&mut self) {
        let answer = self
            .client
            .anonymous()
            .post("/api/v1/auth/sessions")
            .json(&self.log_in_body());
        let answer = answer.await.expect(201);
        self.client = self.client.with_bearer(answer.text_at("/access_token"));
        self.refresh_token = answer.text_at("/refresh_token");
    }

    /// Signs in as a browser: a caller with the session's cookie and its CSRF token.
    pub async fn browser(&self) -> Client {
        let browser = self.client.browser();
        let mut body = self.log_in_body();
        body["mode"] = json!("cookie");
        browser
            .post("/api/v1/auth/sessions")
            .json(&body)
            .await
            .expect(201)
            .done();
        browser.fetch_csrf().await;
        browser
    }

    fn log_in_body(&self) -> Value {
        json!({ "email": self.email, "password": self.password })
    }

    /// Waits until the workspace can be used.
    pub async fn wait_active(&self) {
        eventually(
            &format!("the workspace {}", self.slug),
            PATIENCE,
            async || {
                let me = self.client.get("/api/v1/me").await.expect(200).value();
                let mine = |membership: &&Value| membership["tenant"] == self.tenant;
                let membership = me["memberships"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(mine);
                match membership {
                    Some(membership) if membership["state"] == "active" => Ok(()),
                    _ => Err(me.to_string()),
                }
            },
        )
        .await;
    }

    /// The address of something in this person's workspace: `path("/spaces/students")`.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenants/{}{rest}", self.slug)
    }
}
