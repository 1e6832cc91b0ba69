//! An owner from sign-up to an imported hall, and the colleague they invite; every step can be
//! interrupted and is then repeated as a client would.

use gantry_testkit::Owner;
use serde_json::{Value, json};

use super::world::{Moment, Step, World};
use crate::steps::SAMPLE;

const GUEST_PASSWORD: &str = "slow-train-through-valleys";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    SignUp,
    Confirm,
    LogIn,
    Workspace,
    Branch,
    Invite,
    Accept,
    GuestLogIn,
    Upload,
    Run,
    Import,
    Over,
}

/// One owner's way.
#[derive(Debug)]
pub(super) struct Journey {
    pub(super) owner: Owner,
    pub(super) guest: Owner,
    pub(super) at: At,
    /// The last request of this step got no answer: it may have been carried out.
    unsure: bool,
    /// Requests that may each have caused a mail.
    pub(super) asked: usize,
    pub(super) invited: usize,
    branch: String,
    import: String,
}

impl Journey {
    pub(super) fn new(world: &World, handle: &str) -> Self {
        Self {
            owner: Owner::new(&world.client, handle),
            guest: Owner::new(&world.client, &format!("{handle}-guest")),
            at: At::SignUp,
            unsure: false,
            asked: 0,
            invited: 0,
            branch: String::new(),
            import: String::new(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    pub(super) async fn step(&mut self, world: &World) -> Step {
        let before = self.at;
        let step = match self.at {
            At::SignUp => self.sign_up(world).await,
            At::Confirm => self.confirm(world).await,
            At::LogIn => self.log_in(world).await,
            At::Workspace => self.workspace(world).await,
            At::Branch => self.branch(world).await,
            At::Invite => self.invite(world).await,
            At::Accept => self.accept(world).await,
            At::GuestLogIn => self.guest_log_in(world).await,
            At::Upload => self.upload(world).await,
            At::Run => self.run(world).await,
            At::Import => self.import(world).await,
            At::Over => Step::Over,
        };
        if self.at != before {
            self.unsure = false;
        } else if step == Step::Lost {
            self.unsure = true;
        }
        step
    }

    fn on(&mut self, at: At) -> Step {
        self.at = at;
        Step::On
    }

    async fn sign_up(&mut self, world: &World) -> Step {
        self.asked += 1;
        let call = world
            .client
            .post("/api/v1/auth/sign-ups")
            .json(&self.owner.sign_up_body());
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        answer.expect(202).done();
        world.tell(Moment::SignedUp);
        self.on(At::Confirm)
    }

    /// A repeated sign-up kills the links of the first, so any of the mails may be the one.
    async fn confirm(&mut self, world: &World) -> Step {
        for mail in world.mail.mails(&self.owner.email).await.iter().rev() {
            let body = json!({"token": mail.parameter("token")});
            let call = world.client.post("/api/v1/auth/verifications").json(&body);
            let Some(answer) = world.ask(call).await else {
                return Step::Lost;
            };
            if answer.status() == 200 {
                self.owner.tenant = answer.text_at("/tenant/id");
                self.owner.slug = answer.text_at("/tenant/slug");
                world.tell(Moment::Confirmed);
                return self.on(At::LogIn);
            }
            answer.problem(410, "link_gone").done();
            if self.unsure {
                // Perhaps it was this one, before the power went: then the account is confirmed.
                if let Some(answer) = self.try_log_in(world).await {
                    if answer {
                        return self.on(At::LogIn);
                    }
                } else {
                    return Step::Lost;
                }
            }
        }
        Step::Wait
    }

    async fn try_log_in(&mut self, world: &World) -> Option<bool> {
        let body = json!({"email": self.owner.email, "password": self.owner.password});
        let answer = world
            .ask(world.client.post("/api/v1/auth/sessions").json(&body))
            .await?;
        if answer.status() == 401 {
            return Some(false);
        }
        answer.expect(201).done();
        Some(true)
    }

    async fn log_in(&mut self, world: &World) -> Step {
        let body = json!({"email": self.owner.email, "password": self.owner.password});
        let call = world.client.post("/api/v1/auth/sessions").json(&body);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        let answer = answer.expect(201);
        self.owner.client = world.client.with_bearer(answer.text_at("/access_token"));
        self.owner.refresh_token = answer.text_at("/refresh_token");
        self.on(At::Workspace)
    }

    async fn workspace(&mut self, world: &World) -> Step {
        let Some(answer) = world.ask(self.owner.client.get("/api/v1/me")).await else {
            return Step::Lost;
        };
        let me = answer.expect(200).value();
        let memberships = me["memberships"].as_array().cloned().unwrap_or_default();
        assert!(
            memberships.len() <= 1,
            "one sign-up, several workspaces: {me}"
        );
        match memberships.first() {
            Some(membership) if membership["state"] == "active" => {
                let text = |name: &str| membership[name].as_str().unwrap_or_default().to_owned();
                if !self.owner.tenant.is_empty() {
                    assert_eq!(self.owner.tenant, text("tenant"), "{me}");
                }
                self.owner.tenant = text("tenant");
                self.owner.slug = text("slug");
                self.on(At::Branch)
            }
            _ => Step::Wait,
        }
    }

    async fn branch(&mut self, world: &World) -> Step {
        let body = json!({"code": "MAIN", "name": "Main hall"});
        let path = self.owner.path("/spaces/branches");
        let call = self
            .owner
            .client
            .post(&path)
            .json(&body)
            .idempotency_key("branch");
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        self.branch = answer.expect(201).text_at("/id");
        self.on(At::Invite)
    }

    async fn invite(&mut self, world: &World) -> Step {
        self.invited += 1;
        let body = json!({
            "email": self.guest.email, "role": "spaces.manager", "scope": "units", "units": [self.branch],
        });
        let call = self
            .owner
            .client
            .post(&self.owner.path("/identity/invitations"))
            .json(&body);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        if self.unsure && answer.status() == 409 {
            answer.problem(409, "already_invited").done();
        } else {
            answer.expect(201).done();
        }
        world.tell(Moment::Invited);
        self.on(At::Accept)
    }

    async fn accept(&mut self, world: &World) -> Step {
        let mails = world.mail.mails(&self.guest.email).await;
        let Some(mail) = mails.last() else {
            return Step::Wait;
        };
        let body = json!({
            "token": mail.parameter("token"), "name": "Desk Colleague", "password": GUEST_PASSWORD,
        });
        let call = world
            .client
            .post("/api/v1/auth/invitations/accept")
            .json(&body);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        if answer.status() != 200 {
            assert!(self.unsure, "an open invitation was refused\n{answer}");
            answer.problem(410, "link_gone").done();
        }
        self.on(At::GuestLogIn)
    }

    async fn guest_log_in(&mut self, world: &World) -> Step {
        let body = json!({"email": self.guest.email, "password": GUEST_PASSWORD});
        let call = world.client.post("/api/v1/auth/sessions").json(&body);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        let token = answer.expect(201).text_at("/access_token");
        self.guest.client = world.client.with_bearer(token);
        self.on(At::Upload)
    }

    async fn upload(&mut self, world: &World) -> Step {
        let query = format!("default_branch={}&file_name=students.csv", self.branch);
        let path = self.owner.path(&format!("/spaces/imports?{query}"));
        let call = self.owner.client.post(&path).body("text/csv", SAMPLE);
        let Some(answer) = world.ask(call.idempotency_key("upload")).await else {
            return Step::Lost;
        };
        self.import = answer.expect(201).text_at("/id");
        self.on(At::Run)
    }

    fn import_path(&self) -> String {
        self.owner.path(&format!("/spaces/imports/{}", self.import))
    }

    async fn run(&mut self, world: &World) -> Step {
        let call = self
            .owner
            .client
            .post(&format!("{}/run", self.import_path()));
        let Some(answer) = world.ask(call.idempotency_key("run")).await else {
            return Step::Lost;
        };
        answer.expect(202).done();
        world.tell(Moment::Importing);
        self.on(At::Import)
    }

    async fn import(&mut self, world: &World) -> Step {
        let call = self.owner.client.get(&self.import_path());
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        let import = answer.expect(200).value();
        match import["state"].as_str() {
            Some("running") => Step::Wait,
            Some("failed") => self.run_again(world, &import).await,
            Some("done") => {
                assert_counts(&import);
                self.on(At::Over)
            }
            _ => panic!("an acknowledged run came to {import}"),
        }
    }

    /// On a slow machine the process may be killed in every attempt before a step forward is committed: then
    /// the import says so, and its owner starts it again.
    async fn run_again(&mut self, world: &World, import: &Value) -> Step {
        let text = |name: &str| import[name].as_str().unwrap_or_default();
        assert!(text("failure").contains("without a word"), "{import}");
        let path = format!("{}/run", self.import_path());
        let key = format!("run-{}", text("updated_at"));
        let call = self.owner.client.post(&path).idempotency_key(&key);
        let Some(answer) = world.ask(call).await else {
            return Step::Lost;
        };
        answer.expect(202).done();
        Step::Wait
    }
}

fn assert_counts(import: &Value) {
    let counts = ["total_rows", "accepted_rows", "rejected_rows"].map(|name| import[name].as_u64());
    assert_eq!(counts, [Some(1_000), Some(963), Some(37)], "{import}");
}
