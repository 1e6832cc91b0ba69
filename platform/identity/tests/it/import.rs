//! Accounts from elsewhere keep their passwords, whose hashes become ours.

use std::fmt::Write as _;

use gantry_db::{args, sql};
use gantry_identity::import::{Format, rows};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask, PASSWORD};

/// Of `abcdefghijklmnopqrstuvwxyz`, from the vectors of jBCrypt.
const BCRYPT: &str = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";
const OLD: &str = "abcdefghijklmnopqrstuvwxyz";

async fn hash_of(app: &App, email: &'static str) -> String {
    let found = app
        .control
        .read(async move |tx| {
            let stored = sql!("select password_hash from identities where email = $1");
            tx.one::<(String,)>(stored, &args![email]).await
        })
        .await;
    found.unwrap().0
}

both_engines! {
    async fn a_hash_from_elsewhere_is_replaced_at_the_first_log_in(engine: Engine) {
        let app = App::new(engine).await;
        let argon2i = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
        let file = [
            json!({ "email": "Ada@example.com", "name": "Ada", "hash": BCRYPT, "verified": true }),
            json!({ "email": "bob@example.com", "name": "Bob", "hash": argon2i, "verified": true }),
        ]
        .map(|row| row.to_string())
        .join("\n");
        let report = app.identity.import(rows(Format::Jsonl, file.as_bytes())).await.unwrap();
        assert_eq!((report.added, report.known, report.refused.len()), (2, 0, 0));
        assert_eq!(app.audited("identity.account.imported").await, 2);
        for (email, password) in [("ada@example.com", OLD), ("bob@example.com", "password")] {
            assert_eq!(app.log_in(email, "not the password").await.status, 401);
            assert!(!hash_of(&app, email).await.starts_with("$argon2id$"));
            let before = app.identity.hashes();
            assert_eq!(app.log_in(email, password).await.status, 201);
            assert_eq!(app.identity.hashes() - before, 2, "compared, and hashed anew");
            let ours = hash_of(&app, email).await;
            assert!(ours.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{ours}");
            assert_eq!(app.log_in(email, password).await.status, 201);
            assert_eq!(app.identity.hashes() - before, 3, "compared only");
            assert_eq!(hash_of(&app, email).await, ours);
        }
    }

    async fn good_rows_go_in_and_bad_ones_are_named(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        app.sign_up("waiting@example.com", "South Hall").await;
        let mut file = String::from("email,name,hash,verified\n");
        writeln!(file, "OWNER@example.com,Somebody Else,{BCRYPT},true").unwrap();
        writeln!(file, "waiting@example.com,Real Owner,{BCRYPT},true").unwrap();
        for number in 0..1_100 {
            let hash = if number == 700 { "md5:abc" } else { BCRYPT };
            writeln!(file, "person-{number}@example.com,Person {number},{hash},true").unwrap();
        }
        let report = app.identity.import(rows(Format::Csv, file.as_bytes())).await.unwrap();
        assert_eq!((report.added, report.known), (1_100, 1));
        let lines: Vec<u64> = report.refused.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [704]);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201, "not touched");
        assert_eq!(app.log_in("waiting@example.com", PASSWORD).await.status, 401, "a stranger's sign-up gave way");
        assert_eq!(app.log_in("waiting@example.com", OLD).await.status, 201);
        assert_eq!(app.log_in("person-1099@example.com", OLD).await.status, 201);
        let again = app.identity.import(rows(Format::Csv, file.as_bytes())).await.unwrap();
        assert_eq!((again.added, again.known), (0, 1_101));
    }

    async fn an_address_that_is_not_proven_is_proven_first(engine: Engine) {
        let app = App::new(engine).await;
        let row = json!({ "email": "ada@example.com", "name": "Ada", "hash": BCRYPT, "workspace": "North Hall" });
        let row = row.to_string();
        app.identity.import(rows(Format::Jsonl, row.as_bytes())).await.unwrap();
        assert_eq!(app.log_in("ada@example.com", OLD).await.status, 401);
        let resend = json!({ "email": "ada@example.com" });
        app.send(Ask::post("/api/v1/auth/verifications/resend").json(resend)).await;
        let verified = app.verify(&app.token("ada@example.com").await).await;
        assert_eq!(verified.json["tenant"]["name"], json!("North Hall"), "{:?}", verified.json);
        assert_eq!(app.log_in("ada@example.com", OLD).await.status, 201);
    }
}
