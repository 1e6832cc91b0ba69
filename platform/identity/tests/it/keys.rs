//! The keys over their whole life: what is published, what is accepted, and who hears of it when.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use futures_util::future::join_all;
use gantry_identity::{Error, Hurry, KeyChange, KeyState, KeyStep};
use gantry_testkit::{Engine, both_engines};
use serde_json::Value;

use crate::app::{App, Ask};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

async fn app(engine: Engine) -> App {
    let app = App::new(engine).await;
    app.owner("owner@example.com", "North Hall").await;
    app
}

async fn token(app: &App) -> String {
    app.tokens("owner@example.com").await.0
}

/// Which key signed it.
fn kid(token: &str) -> String {
    let header = B64.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The ids of the published keys, in their order.
async fn published(app: &App) -> Vec<String> {
    let keys = app.send(Ask::get("/.well-known/jwks.json")).await;
    assert_eq!(keys.status, 200, "{:?}", keys.json);
    let keys = keys.json["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Ids with a private part in the database.
async fn sealed(app: &App) -> i64 {
    app.count(gantry_db::sql!(
        "select count(*) from signing_keys where sealed_private is not null"
    ))
    .await
}

/// How often the keys were read by now, by this process.
fn key_reads() -> u64 {
    let of_keys =
        |statement: &&gantry_db::Statement| statement.file().ends_with("signing/src/store.rs");
    let statements = gantry_db::statements().map(gantry_db::Sql::statement);
    statements
        .filter(of_keys)
        .map(gantry_db::Statement::runs)
        .sum()
}

fn activated(changes: &[KeyChange]) -> Vec<&str> {
    let signs = |change: &KeyChange| matches!(change, KeyChange::Activated { .. });
    let kids = changes.iter().filter(|change| signs(change));
    kids.map(|change| match change {
        KeyChange::Activated { kid } => kid.as_str(),
        _ => "",
    })
    .collect()
}

both_engines! {
    /// 90 days of one key: a day of both being published, a change, an hour of both being accepted, and the old one is
    /// gone. The schedule does it all.
    async fn a_key_lives_for_90_days_and_overlaps_with_the_next(engine: Engine) {
        let app = app(engine).await;
        let first = kid(&token(&app).await);
        app.work().await;
        app.pass(89 * DAY - HOUR);
        app.work().await;
        assert_eq!(published(&app).await, [first.as_str()], "too early for the next one");
        let keys = app.identity.signing_keys().await.unwrap();
        assert_eq!((keys[0].state, keys[0].next.0), (KeyState::Active, KeyStep::Followed));

        app.pass(3 * HOUR);
        app.work().await;
        let both = published(&app).await;
        assert_eq!((both.len(), &both[0]), (2, &first), "the one that signs comes first");
        let second = both[1].clone();
        let keys = app.identity.signing_keys().await.unwrap();
        let steps: Vec<_> = keys.iter().map(|key| (key.state, key.next)).collect();
        let change = keys[0].next.1;
        assert_eq!(steps, [
            (KeyState::Active, (KeyStep::Retires, change)),
            (KeyState::Next, (KeyStep::Signs, change)),
        ]);
        assert!(change - keys[1].created_at >= std::time::Duration::from_secs(DAY), "a day to be read in");
        app.pass(22 * HOUR);
        app.work().await;
        let old = token(&app).await;
        assert_eq!(kid(&old), first, "published, and not used yet");

        app.pass(4 * HOUR);
        app.work().await;
        assert_eq!(published(&app).await, [second.as_str(), first.as_str()]);
        assert_eq!(sealed(&app).await, 1, "nobody needs the private part any more");
        let new = token(&app).await;
        assert_eq!(kid(&new), second);

        app.pass(65 * 60);
        assert_eq!(published(&app).await, [second.as_str()], "gone on the minute");
        app.pass(2 * HOUR);
        app.work().await;
        assert_eq!(app.count(gantry_db::sql!("select count(*) from signing_keys")).await, 1);
        for (action, times) in [("published", 1), ("activated", 2), ("retired", 1), ("forgotten", 1)] {
            assert_eq!(app.audited(&format!("identity.signing_key.{action}")).await, times, "{action}");
        }
    }

    /// A token outlives the key that signed it, also if it was made by a process that had not heard of the change.
    async fn tokens_of_a_retired_key_are_accepted_until_they_end(engine: Engine) {
        let app = app(engine).await;
        let slow = app.beside(&[1]);
        let old = token(&app).await;
        app.identity.rotate_keys(Hurry::Now).await.unwrap();
        app.pass(1);
        assert_eq!(kid(&token(&slow).await), kid(&old));
        let changes = app.identity.rotate_keys(Hurry::None).await.unwrap();
        assert_eq!(activated(&changes).len(), 1, "{changes:?}");
        let late = token(&slow).await;
        assert_eq!(kid(&late), kid(&old), "it looks again within half a second");
        for app in [&app, &slow] {
            assert_eq!((app.me(&old).await, app.me(&late).await), (200, 200));
        }
        app.pass(1);
        let new = token(&slow).await;
        assert_ne!(kid(&new), kid(&old));
        app.pass(14 * 60);
        for app in [&app, &slow, &app.beside(&[1])] {
            assert_eq!(app.me(&late).await, 200, "a minute before its end");
            assert_eq!(app.me(&new).await, 200);
        }
        app.pass(60);
        assert_eq!(app.me(&late).await, 401);
    }

    /// Who asks for a change gets it when verifiers elsewhere have had their day.
    async fn a_change_that_was_asked_for_waits_for_verifiers_elsewhere(engine: Engine) {
        let app = app(engine).await;
        let first = kid(&token(&app).await);
        app.work().await;
        let changes = app.identity.rotate_keys(Hurry::Soon).await.unwrap();
        assert!(matches!(&changes[..], [KeyChange::Published { .. }]), "{changes:?}");
        assert_eq!(app.identity.rotate_keys(Hurry::Soon).await.unwrap(), []);
        assert_eq!(published(&app).await.len(), 2, "and only one");
        app.pass(DAY - 1);
        assert_eq!(app.identity.rotate_keys(Hurry::Soon).await.unwrap(), []);
        assert_eq!(kid(&token(&app).await), first);
        app.pass(1 + 2 * HOUR);
        app.work().await;
        assert_ne!(kid(&token(&app).await), first, "the schedule finishes it");
    }

    /// A revoked key's tokens are refused at once here and within half a second elsewhere, also those that were verified
    /// before; another key signs from that moment, and everybody accepts it without having looked again.
    async fn a_revoked_key_verifies_nothing(engine: Engine) {
        let app = app(engine).await;
        let elsewhere = app.beside(&[1]);
        let (stolen, refresh) = app.tokens("owner@example.com").await;
        for app in [&app, &elsewhere] {
            assert_eq!(app.me(&stolen).await, 200);
        }
        let bad = kid(&stolen);
        let changes = app.identity.revoke_key(&bad).await.unwrap();
        assert_eq!(activated(&changes).len(), 1, "{changes:?}");
        assert_eq!(app.me(&stolen).await, 401);
        let fresh = token(&app).await;
        assert_eq!(elsewhere.me(&fresh).await, 200, "an unknown key is looked for");
        app.clock.advance(std::time::Duration::from_millis(500));
        assert_eq!(elsewhere.me(&stolen).await, 401);
        assert_eq!(app.beside(&[1]).me(&stolen).await, 401);
        assert_eq!(published(&elsewhere).await, [kid(&fresh)]);
        assert_eq!(sealed(&app).await, 1);
        assert_eq!(app.identity.revoke_key(&bad).await.unwrap(), [], "once is enough");
        assert!(matches!(app.identity.revoke_key("nobody").await, Err(Error::NotFound)));
        // The session itself is not at fault.
        let ask = Ask::post("/api/v1/auth/tokens/refresh").json(serde_json::json!({ "refresh_token": refresh }));
        assert_eq!(elsewhere.me(&elsewhere.send(ask).await.text("access_token")).await, 200);
        assert_eq!(app.audited("identity.signing_key.revoked").await, 1);
    }

    /// If a next key is published already, it takes over from one that is revoked; a revoked next key never signs.
    async fn revoking_uses_what_is_published_and_spares_what_is_not_meant(engine: Engine) {
        let app = app(engine).await;
        let first = token(&app).await;
        app.identity.rotate_keys(Hurry::Soon).await.unwrap();
        let next = published(&app).await[1].clone();
        app.identity.revoke_key(&next).await.unwrap();
        assert_eq!(published(&app).await, [kid(&first)]);
        assert_eq!(app.me(&first).await, 200);
        app.pass(2 * DAY);
        app.work().await;
        app.identity.rotate_keys(Hurry::Soon).await.unwrap();
        let second = published(&app).await[1].clone();
        assert_ne!(second, next);
        let changes = app.identity.revoke_key(&kid(&first)).await.unwrap();
        assert_eq!(activated(&changes), [second.as_str()]);
        assert_eq!(kid(&token(&app).await), second);
    }

    /// However many processes do it at once, one key is made and one change happens.
    async fn of_many_rotations_at_once_one_happens(engine: Engine) {
        let app = app(engine).await;
        token(&app).await;
        let others: Vec<App> = (0..4).map(|_| app.beside(&[1])).collect();
        let all = async |hurry| {
            let both = others.iter().flat_map(|app| [app, app]);
            let done = join_all(both.map(|app| app.identity.rotate_keys(hurry))).await;
            done.into_iter().flat_map(Result::unwrap).collect::<Vec<_>>()
        };
        for round in 0..5 {
            let changes = all(Hurry::Now).await;
            assert_eq!(changes.len(), 1, "{changes:?}");
            app.pass(1);
            let changes = all(Hurry::None).await;
            assert_eq!(activated(&changes).len(), 1, "{round}: {changes:?}");
            assert_eq!(published(&app).await.len(), round + 2);
        }
        // Two first starts at once are no different.
        app.control
            .write(async |tx| tx.execute(gantry_db::sql!("delete from signing_keys"), &[]).await)
            .await
            .unwrap();
        app.pass(1);
        let tokens = join_all(others.iter().map(token)).await;
        let kids: std::collections::BTreeSet<String> = tokens.iter().map(|token| kid(token)).collect();
        assert_eq!(kids.len(), 1);
    }

    /// Requests go on in two processes while the key is changed again and again: none is refused.
    async fn nobody_is_refused_while_keys_change(engine: Engine) {
        let app = app(engine).await;
        let other = app.beside(&[1]);
        token(&app).await;
        let (stop, asked) = (AtomicBool::new(false), AtomicU64::new(0));
        let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let caller = async |from: &App, to: &App| {
            let (_, mut refresh) = from.tokens("owner@example.com").await;
            while !stop.load(Ordering::Relaxed) {
                let ask = Ask::post("/api/v1/auth/tokens/refresh");
                let ask = ask.json(serde_json::json!({ "refresh_token": refresh }));
                let pair = from.send(ask).await;
                assert_eq!(pair.status, 200, "{:?}", pair.json);
                refresh = pair.text("refresh_token");
                let access = pair.text("access_token");
                seen.lock().unwrap().insert(kid(&access));
                for app in [to, from, to] {
                    assert_eq!(app.me(&access).await, 200);
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        };
        let rotate = async {
            for round in 1..=6_u64 {
                let from = if round % 2 == 0 { &app } else { &other };
                from.identity.rotate_keys(Hurry::Now).await.unwrap();
                app.pass(1);
                let changes = from.identity.rotate_keys(Hurry::None).await.unwrap();
                assert_eq!(activated(&changes).len(), 1, "{changes:?}");
                app.pass(1);
                let enough = asked.load(Ordering::Relaxed) + 8;
                while asked.load(Ordering::Relaxed) < enough {
                    tokio::task::yield_now().await;
                }
            }
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(rotate, caller(&app, &other), caller(&other, &app), caller(&other, &other));
        assert!(seen.lock().unwrap().len() >= 6, "each one was used");
    }

    /// Made-up key ids wait for each other and read the keys once; good tokens are served meanwhile.
    async fn unknown_keys_are_refused_and_harm_nobody(engine: Engine) {
        let app = app(engine).await;
        let good = token(&app).await;
        let parts: Vec<&str> = good.split('.').collect();
        let forged = |n: usize| {
            let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{n}"}}"#);
            format!("{}.{}.{}", B64.encode(header), parts[1], parts[2])
        };
        let before = key_reads();
        let wrong = join_all((0..500).map(|n| {
            let token = forged(n);
            let app = &app;
            async move { app.me(&token).await }
        }));
        let right = join_all((0..50).map(|_| app.me(&good)));
        let (wrong, right) = tokio::join!(wrong, right);
        assert!(wrong.iter().all(|status| *status == 401), "{wrong:?}");
        assert!(right.iter().all(|status| *status == 200), "{right:?}");
        // One by one they would have been 500.
        let reads = key_reads() - before;
        assert!((1..=50).contains(&reads), "{reads} reads");
    }

    /// After the master key was changed, sessions, tokens and pages that were open go on, as long as the old one is still
    /// configured; what is new needs only the new one.
    async fn a_new_master_key_throws_nobody_out(engine: Engine) {
        let before = app(engine).await;
        let (access, refresh) = before.tokens("owner@example.com").await;
        let cookie = before
            .send(Ask::post("/api/v1/auth/sessions").json(serde_json::json!({
                "email": "owner@example.com", "password": crate::app::PASSWORD, "mode": "cookie",
            })).header("origin", "http://127.0.0.1:8080"))
            .await
            .cookie()
            .unwrap();
        let page = async |app: &App| app.send(Ask::get("/api/v1/csrf-token").cookie(&cookie)).await.text("csrf_token");
        let post = async |app: &App, csrf: &str| {
            let ask = Ask::delete("/api/v1/me/sessions/01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e").cookie(&cookie);
            app.send(ask.header("origin", "http://127.0.0.1:8080").header("x-csrf-token", csrf)).await.status
        };
        let old_page = page(&before).await;
        assert_eq!(post(&before, &old_page).await, 404, "the token passes, the session is not there");

        let after = before.beside(&[2, 1]);
        assert_eq!(after.me(&access).await, 200);
        let ask = Ask::post("/api/v1/auth/tokens/refresh").json(serde_json::json!({ "refresh_token": refresh }));
        assert_eq!(after.send(ask).await.status, 200);
        assert_eq!(post(&after, &old_page).await, 404);
        let new_page = page(&after).await;
        assert_eq!(post(&after, &new_page).await, 404);
        assert_eq!(post(&before, &new_page).await, 403, "made with the new key, which is not known there");

        // The old one is taken away before anything was moved to the new one.
        let early = before.beside(&[2]);
        let failed = early.identity.rotate_keys(Hurry::None).await.unwrap_err();
        assert!(failed.to_string().contains("master key k1, which is not configured here"), "{failed}");
        assert_eq!(post(&early, &old_page).await, 403);
    }
}
