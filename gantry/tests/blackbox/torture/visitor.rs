//! Somebody who signs in and out, and a client that keeps one session alive by refreshing it.

use gantry_testkit::Owner;
use serde_json::json;

use super::world::{Step, World};

/// Exchanges the refresh token again and again; an exchange without an answer is repeated with the
/// token it had, which must work.
#[derive(Debug)]
pub(super) struct Refresher {
    token: String,
    /// The newest access token.
    pub(super) access: String,
    pub(super) rotations: u32,
    pub(super) repeated: u32,
    unsure: bool,
}

impl Refresher {
    pub(super) fn new(owner: &Owner) -> Self {
        Self {
            token: owner.refresh_token.clone(),
            access: owner.client.bearer().unwrap_or_default(),
            rotations: 0,
            repeated: 0,
            unsure: false,
        }
    }

    pub(super) async fn step(&mut self, world: &World) -> Step {
        let body = json!({"refresh_token": self.token});
        let call = world.client.post("/api/v1/auth/tokens/refresh").json(&body);
        self.repeated += u32::from(self.unsure);
        let Some(answer) = world.ask(call).await else {
            self.unsure = true;
            return Step::Lost;
        };
        let answer = answer.expect(200);
        self.unsure = false;
        self.rotations += 1;
        self.token = answer.text_at("/refresh_token");
        self.access = answer.text_at("/access_token");
        let me = world
            .client
            .with_bearer(self.access.as_str())
            .get("/api/v1/me");
        match world.ask(me).await {
            Some(answer) => answer.expect(200).done(),
            None => return Step::Lost,
        }
        world.pause().await;
        Step::On
    }
}

/// Sessions that were begun and ended.
#[derive(Debug)]
pub(super) struct Visitor {
    owner: Owner,
    /// A session to end, and whether that was asked for already without an answer.
    leaving: Option<(String, bool)>,
    visits: u32,
    this_round: u32,
    /// Access tokens of sessions that must live.
    pub(super) open: Vec<String>,
    /// Access tokens of sessions whose end was acknowledged.
    pub(super) closed: Vec<String>,
}

impl Visitor {
    pub(super) fn new(owner: &Owner) -> Self {
        Self {
            owner: owner.clone(),
            leaving: None,
            visits: 0,
            this_round: 0,
            open: Vec::new(),
            closed: Vec::new(),
        }
    }

    pub(super) fn new_round(&mut self) {
        self.this_round = 0;
    }

    pub(super) async fn step(&mut self, world: &World) -> Step {
        if let Some((token, unsure)) = self.leaving.take() {
            return self.leave(world, token, unsure).await;
        }
        if self.this_round == 3 {
            return Step::Over;
        }
        let body = json!({"email": self.owner.email, "password": self.owner.password});
        let call = world.client.post("/api/v1/auth/sessions").json(&body);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        let token = answer.expect(201).text_at("/access_token");
        self.this_round += 1;
        self.visits += 1;
        if self.visits.is_multiple_of(3) {
            self.open.push(token);
        } else {
            self.leaving = Some((token, false));
        }
        Step::On
    }

    /// An end without an answer is asked for again; by then there may be no session left to ask.
    async fn leave(&mut self, world: &World, token: String, unsure: bool) -> Step {
        let call = world
            .client
            .with_bearer(token.as_str())
            .delete("/api/v1/auth/session");
        let Some(answer) = world.ask(call).await else {
            self.leaving = Some((token, true));
            return Step::Lost;
        };
        if unsure && answer.status() == 401 {
            answer.problem(401, "unauthenticated").done();
        } else {
            answer.expect(204).done();
        }
        self.closed.push(token);
        Step::On
    }
}
