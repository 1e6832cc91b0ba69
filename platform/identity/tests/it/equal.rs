//! What a stranger can learn about an address: nothing from the answer, and nothing from the work behind it. The work is
//! counted, not timed: hashes, and how often each statement ran. (The statements of a process are counted together, so
//! each test needs a process of its own, as nextest gives it.)

use std::collections::BTreeMap;

use gantry_db::{DbError, args, sql, statements};
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::{App, Ask, PASSWORD};

const KNOWN: &str = "known@example.com";
const UNKNOWN: &str = "unknown@example.com";
const WAITING: &str = "waiting@example.com";
const DISABLED: &str = "disabled@example.com";
const IMPORTED: &str = "imported@example.com";

type Work = (u64, BTreeMap<(&'static str, u32), u64>);

fn work(app: &App) -> Work {
    let mut runs = BTreeMap::new();
    for statement in statements().map(gantry_db::Sql::statement) {
        *runs
            .entry((statement.file(), statement.line()))
            .or_default() += statement.runs();
    }
    (app.identity.hashes(), runs)
}

/// What a request shows, and what it took.
async fn observed(app: &App, ask: Ask) -> ((u16, Value), Work) {
    let before = work(app);
    let answer = app.send(ask).await;
    let mut after = work(app);
    after.0 -= before.0;
    for (place, runs) in &before.1 {
        *after.1.get_mut(place).unwrap() -= runs;
    }
    after.1.retain(|_, runs| *runs > 0);
    (answer.visible(), after)
}

async fn people(engine: gantry_db::Engine) -> App {
    let app = App::new(engine).await;
    app.owner(KNOWN, "North Hall").await;
    app.owner(DISABLED, "South Hall").await;
    app.sign_up(WAITING, "East Hall").await;
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let row = json!({ "email": IMPORTED, "name": "Some Person", "hash": hash, "verified": true })
        .to_string();
    let rows =
        gantry_identity::import::rows(gantry_identity::import::Format::Jsonl, row.as_bytes());
    assert_eq!(app.identity.import(rows).await.unwrap().added, 1);
    app.control
        .write(async move |tx| {
            let off = sql!("update identities set state = 'disabled' where email = $1");
            tx.execute(off, &args![DISABLED]).await?;
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
    app
}

both_engines! {
    /// From the first failure to the lock and behind it; the password is even right where it does not help.
    async fn a_log_in_tells_nothing(engine: Engine) {
        let app = people(engine).await;
        let wrong = "not the password";
        let guesses = [(KNOWN, wrong), (UNKNOWN, wrong), (WAITING, PASSWORD), (DISABLED, PASSWORD), (IMPORTED, wrong)];
        for attempt in 1..=7 {
            let mut first = None;
            for (email, password) in guesses {
                let seen = observed(&app, Ask::log_in(email, password).from("192.0.2.7")).await;
                let (status, hashes) = (seen.0.0, seen.1.0);
                assert_eq!((status, hashes), if attempt <= 5 { (401, 1) } else { (429, 0) }, "{email}");
                assert!(!seen.1.1.is_empty(), "statements are counted");
                assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{email}, attempt {attempt}");
            }
        }
    }

    async fn asking_for_mail_tells_nothing(engine: Engine) {
        let app = people(engine).await;
        for (path, hashes) in [("sign-ups", 1), ("verifications/resend", 0), ("password-resets", 0)] {
            let mut first = None;
            for email in [KNOWN, WAITING, "newcomer@example.com", DISABLED, IMPORTED] {
                let mut body = json!({ "email": email });
                if path == "sign-ups" {
                    body["password"] = json!("seven tin kettles sing");
                    body["name"] = json!("Some Person");
                    body["workspace_name"] = json!("West Hall");
                }
                let ask = Ask::post(&format!("/api/v1/auth/{path}")).json(body);
                let seen = observed(&app, ask).await;
                assert_eq!((seen.0.0, seen.1.0), (202, hashes), "{path}: {:?}", seen.0);
                assert!(!seen.1.1.is_empty());
                assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{path} of {email}");
            }
        }
        // What a stranger typed for an account that exists is not kept.
        let kept = app
            .count(sql!("select count(*) from sign_ups s join identities i on i.id = s.identity_id
                         where i.verified_at is not null"))
            .await;
        assert_eq!(kept, 0);
        assert_eq!(app.log_in(KNOWN, PASSWORD).await.status, 201);
        assert!(matches!(app.mails(KNOWN, "identity.already_registered").await[..], [Some(_)]));
        assert!(app.mails(KNOWN, "identity.verify_email").await.iter().flatten().next().is_none());
    }

    /// A guessed token is one answer and one piece of work, whatever it is for.
    async fn a_guessed_link_tells_nothing(engine: Engine) {
        let app = people(engine).await;
        for path in ["verifications", "unlocks", "invitations/inspect"] {
            let ask = |token: &str| Ask::post(&format!("/api/v1/auth/{path}")).json(json!({ "token": token }));
            let short = observed(&app, ask("x")).await;
            let long = observed(&app, ask(&"A".repeat(43))).await;
            assert_eq!(short, long, "{path}");
            assert_eq!(short.0.0, 410);
        }
    }
}
