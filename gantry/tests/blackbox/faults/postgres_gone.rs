//! PostgreSQL is down, or no longer heard of, and comes back: Gantry says so, waits, and goes on
//! without being started again.

use std::time::{Duration, Instant};

use gantry_testkit::{Answer, Call, Engine, Owner, Server, ServerOptions, SmtpSim, eventually};
use serde_json::json;

use super::PATIENCE;
use super::proxy::{Proxy, Wire};
use crate::steps::{SAMPLE, open_branch, student, students};

/// How soon after its return a database must be in use again.
const RECOVERY: Duration = Duration::from_secs(10);
/// The longest a caller may be left without an answer by a database that is silent: the limits of a
/// connection attempt and of a transaction, and the time two cores take.
const SILENCE: Duration = Duration::from_secs(20);

struct Stage {
    proxy: Proxy,
    mail: SmtpSim,
    server: Server,
    owner: Owner,
    branch: String,
}

async fn stage() -> Stage {
    let (proxy, mail) = (Proxy::start().await, SmtpSim::start().await);
    let options = ServerOptions::new(Engine::Postgres)
        .mail(&mail)
        .env("GANTRY_HTTP__LIMITS__OFF", "true");
    let url = proxy.url(options.databases().control_url().unwrap());
    let server = options.env("GANTRY_DATABASE__URL", url).start().await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    let branch = open_branch(&owner, "MAIN").await;
    Stage {
        proxy,
        mail,
        server,
        owner,
        branch,
    }
}

impl Stage {
    fn create(&self, number: u32) -> Call {
        let body = student(&self.branch, &format!("Student {number}"), number);
        self.owner
            .client
            .post(&self.owner.path("/spaces/students"))
            .json(&body)
            .idempotency_key(&format!("student-{number}"))
    }

    async fn begin_import(&self) -> String {
        let upload = format!(
            "/spaces/imports?default_branch={}&file_name=s.csv",
            self.branch
        );
        let call = self
            .owner
            .client
            .post(&self.owner.path(&upload))
            .body("text/csv", SAMPLE);
        let id = call.await.expect(201).text_at("/id");
        let path = self.owner.path(&format!("/spaces/imports/{id}"));
        self.owner
            .client
            .post(&format!("{path}/run"))
            .await
            .expect(202)
            .done();
        path
    }

    async fn ready_again(&self) {
        self.says_of_itself(200, RECOVERY).await;
    }

    /// Whoever asks often is told what was so within the last second.
    async fn says_of_itself(&self, readiness: u16, within: Duration) {
        let what = format!("{readiness} from /readyz");
        eventually(&what, within, async || {
            let answer = self.owner.client.anonymous().get("/readyz").await;
            if answer.status() == readiness {
                Ok(())
            } else {
                Err(answer.to_string())
            }
        })
        .await;
    }

    async fn import_ends(&self, path: &str) {
        let import = eventually("the end of the import", PATIENCE, async || {
            let import = self.owner.client.get(path).await.expect(200).value();
            if import["state"] == "done" {
                Ok(import)
            } else {
                Err(import.to_string())
            }
        })
        .await;
        assert_eq!(
            (&import["accepted_rows"], &import["rejected_rows"]),
            (&json!(963), &json!(37))
        );
    }
}

fn says_try_again(answer: &Answer) {
    let code = answer.problem_code().unwrap_or_default();
    answer.clone().problem(503, &code).done();
    let wait = answer
        .header("retry-after")
        .and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(wait.is_some(), "no Retry-After\n{answer}");
}

#[test]
fn postgres_gone_and_back() {
    gantry_testkit::engines::block_on(async {
        let stage = stage().await;
        let client = &stage.owner.client;
        let import = stage.begin_import().await;
        let mut newcomer = Owner::new(&stage.server.client(), "south");
        newcomer.sign_up().await;
        stage.proxy.set(Wire::Cut).await;

        let sign_in = json!({"email": stage.owner.email, "password": stage.owner.password});
        let calls = [
            client.get("/api/v1/me"),
            client.get(&stage.owner.path("/spaces/students")),
            stage.create(1),
            client
                .anonymous()
                .post("/api/v1/auth/sessions")
                .json(&sign_in),
            client
                .post("/api/v1/auth/sign-ups")
                .json(&newcomer.sign_up_body()),
        ];
        for call in calls {
            says_try_again(&call.await);
        }
        stage.says_of_itself(503, PATIENCE).await;
        client.get("/healthz").await.expect(200).done();

        stage.proxy.set(Wire::Whole).await;
        stage.ready_again().await;
        stage.create(1).await.expect(201).done();
        stage.create(1).await.expect(201).done();
        stage.import_ends(&import).await;
        assert_eq!(students(client, &stage.owner.slug).await.len(), 964);
        newcomer.confirm(&stage.mail).await;
        newcomer.log_in().await;
        newcomer.wait_active().await;
    });
}

#[test]
fn postgres_silent_and_back() {
    gantry_testkit::engines::block_on(async {
        let stage = stage().await;
        let client = &stage.owner.client;
        stage.create(1).await.expect(201).done();
        stage.proxy.set(Wire::Silent).await;
        let start = Instant::now();
        let create = stage.create(2);
        let (me, created) = tokio::join!(async { client.get("/api/v1/me").await }, async {
            create.await
        });
        let waited = start.elapsed();
        says_try_again(&me);
        says_try_again(&created);
        assert!(waited < SILENCE, "an answer took {waited:?}");
        stage.says_of_itself(503, PATIENCE).await;

        stage.proxy.set(Wire::Whole).await;
        stage.ready_again().await;
        stage.create(2).await.expect(201).done();
        let import = stage.begin_import().await;
        stage.import_ends(&import).await;
        assert_eq!(students(client, &stage.owner.slug).await.len(), 965);
    });
}
