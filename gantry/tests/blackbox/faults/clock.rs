//! The wall clock is set back by an hour under a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use gantry::App;
use gantry_kernel::{Clock, Kernel, SystemClock, Timestamp};
use gantry_runtime::config::Sources;
use gantry_runtime::{Ended, Stopper};
use gantry_testkit::{Client, Owner, SmtpSim, TestDatabases, both_engines, eventually};
use serde_json::json;

use super::PATIENCE;
use crate::steps::{SAMPLE, open_branch, student, students};

const HOUR: i64 = 3_600_000_000;

/// The system's clock, set wrong by some microseconds; waiting is not affected.
struct Skewed {
    system: SystemClock,
    by: AtomicI64,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.system.now().as_micros() + self.by.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }
}

/// A server in this process, whose clock can be set.
struct InProcess {
    clock: Arc<Skewed>,
    stopper: Stopper,
    served: tokio::task::JoinHandle<Ended>,
    client: Client,
}

async fn start(databases: &TestDatabases, mail: &SmtpSim) -> InProcess {
    let clock = Arc::new(Skewed {
        system: SystemClock::start(),
        by: AtomicI64::new(0),
    });
    let kernel = Kernel::new(clock.clone(), Kernel::system().entropy);
    let (host, port) = mail.address().rsplit_once(':').unwrap();
    let mut env = vec![
        ("GANTRY_SERVER__LISTEN", "127.0.0.1:0"),
        ("GANTRY_LOG__LEVEL", "warn"),
        ("GANTRY_HTTP__LIMITS__OFF", "true"),
        ("GANTRY_MAIL__HOST", host),
        ("GANTRY_MAIL__PORT", port),
        ("GANTRY_MAIL__TLS", "none"),
    ];
    env.extend(
        databases
            .control_url()
            .map(|url| ("GANTRY_DATABASE__URL", url)),
    );
    let env = env
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let app = App::new().unwrap();
    let config = app
        .config(&Sources {
            env,
            ..Sources::default()
        })
        .unwrap();
    let (stopper, data) = (Stopper::new(), databases.data_dir());
    let (tell, told) = tokio::sync::oneshot::channel();
    let asked = stopper.clone();
    let served = tokio::spawn(async move {
        let announce = |bound, _: &[String]| tell.send(bound).unwrap();
        app.serve(config, &data, kernel, &asked, announce)
            .await
            .unwrap()
    });
    let client = Client::new(format!("http://{}", told.await.unwrap()));
    InProcess {
        clock,
        stopper,
        served,
        client,
    }
}

both_engines! {
    async fn a_clock_set_back_ends_no_session_and_stops_no_work(engine: Engine) {
        let (mail, databases) = (SmtpSim::start().await, TestDatabases::new(engine));
        let server = start(&databases, &mail).await;
        let owner = Owner::ready(&server.client, &mail, "north").await;
        let branch = open_branch(&owner, "MAIN").await;
        let upload = owner.path(&format!("/spaces/imports?default_branch={branch}&file_name=s.csv"));
        let import = owner.client.post(&upload).body("text/csv", SAMPLE).await.expect(201);
        let import = owner.path(&format!("/spaces/imports/{}", import.text_at("/id")));
        owner.client.post(&format!("{import}/run")).await.expect(202).done();

        server.clock.by.store(-HOUR, Ordering::SeqCst);
        owner.client.get("/api/v1/me").await.expect(200).done();
        let refreshed = refresh(&server.client, &owner.refresh_token).await;
        let again = refresh(&server.client, &refreshed).await;
        let mut later = owner.clone();
        later.log_in().await;
        let body = student(&branch, "After the jump", 1);
        let path = owner.path("/spaces/students");
        let made = later.client.post(&path).json(&body).await.expect(201);
        let made = owner.path(&format!("/spaces/students/{}", made.text_at("/id")));
        let etag = owner.client.get(&made).await.expect(200).etag();
        let change = json!({"notes": "edited an hour before"});
        owner.client.patch(&made).if_match(&etag).json(&change).await.expect(200).done();

        // New work is done at once, whatever the hints of the future say.
        let mut newcomer = Owner::new(&server.client, "south");
        newcomer.sign_up().await;
        newcomer.confirm(&mail).await;
        newcomer.log_in().await;
        newcomer.wait_active().await;

        // What was asked for before the jump and not yet begun may wait until its time comes again.
        server.clock.by.store(0, Ordering::SeqCst);
        eventually("the end of the import", PATIENCE, async || {
            let import = owner.client.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(()) } else { Err(import.to_string()) }
        })
        .await;
        assert_eq!(students(&owner.client, &owner.slug).await.len(), 964);
        refresh(&server.client, &again).await;
        server.stopper.ask();
        assert_eq!(server.served.await.unwrap(), Ended::Drained);
    }
}

async fn refresh(client: &Client, token: &str) -> String {
    let body = json!({"refresh_token": token});
    let answer = client
        .post("/api/v1/auth/tokens/refresh")
        .json(&body)
        .await
        .expect(200);
    answer.text_at("/refresh_token")
}
