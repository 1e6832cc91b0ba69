//! What is over is forgotten, and only that.

use gantry_db::{DbError, args, sql};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask};

const DAY: u64 = 24 * 3_600;

async fn refresh(app: &App, token: &str) -> String {
    let ask = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": token }));
    let answer = app.send(ask).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    answer.text("refresh_token")
}

both_engines! {
    async fn what_expired_a_week_ago_is_forgotten(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        app.sign_up("never@example.com", "Never Confirmed").await;
        let (_, mut token) = app.tokens("owner@example.com").await;
        app.tokens("owner@example.com").await;
        app.log_in("nobody@example.com", "not the password").await;
        // More than a batch of each run.
        app.control
            .write(async |tx| {
                let now = tx.now();
                for n in 0..600_i64 {
                    let account = n.to_be_bytes().to_vec();
                    tx.execute(
                        sql!(
                            "insert into lockouts (counter, failures, level, updated_at)
                             values ($1, 1, 0, $2)"
                        ),
                        &args![account, now],
                    )
                    .await?;
                }
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
        app.work().await;
        let tokens = sql!("select count(*) from refresh_tokens");
        let sessions = sql!("select count(*) from sessions");
        let lockouts = sql!("select count(*) from lockouts");
        let links = sql!("select count(*) from email_tokens");
        let people = sql!("select count(*) from identities");
        for (day, left) in [(6, (3, 2)), (12, (4, 2)), (18, (4, 1))] {
            app.pass(6 * DAY);
            token = refresh(&app, &token).await;
            app.work().await;
            let seen = (app.count(tokens).await, app.count(sessions).await);
            assert_eq!(seen, left, "refresh tokens and sessions on day {day}");
            assert_eq!(app.count(lockouts).await, 0, "day {day}");
        }
        assert_eq!(app.count(links).await, 0);
        assert_eq!(app.count(people).await, 1, "a sign-up nobody confirmed");
        refresh(&app, &token).await;
    }

    /// A stolen token ends its family however long the thief waited.
    async fn a_used_token_is_known_as_long_as_its_session(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (_, stolen) = app.tokens("owner@example.com").await;
        let mut token = refresh(&app, &stolen).await;
        for _ in 0..4 {
            app.pass(6 * DAY);
            token = refresh(&app, &token).await;
            app.work().await;
        }
        let present = |token: &str| {
            let body = json!({ "refresh_token": token });
            app.send(Ask::post("/api/v1/auth/tokens/refresh").json(body))
        };
        assert_eq!(present(&stolen).await.status, 401);
        assert_eq!(app.audited("identity.refresh_token.reused").await, 1);
        assert_eq!(present(&token).await.status, 401, "the family is over");
    }
}
