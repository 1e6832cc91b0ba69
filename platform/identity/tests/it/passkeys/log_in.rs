//! What a passkey opens: alone, after the password, and in an open session.

use gantry_testkit::{SoftPasskey, both_engines};
use serde_json::{Value, json};

use super::{LOG_IN, MINE, OF_LOG_IN, OF_STEP_UP, PAGE, STEP_UP, WHO, shows};
use crate::app::{App, Ask, PASSWORD};
use crate::factors::claims;

const TEN_MINUTES: u64 = 600;

both_engines! {
    /// It verified the person, so it is two factors: the session may do what is sensitive.
    async fn a_passkey_signs_in_alone(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_to_log_in().await;
        assert_eq!(asked["public_key"]["allowCredentials"], json!([]), "it tells of nobody");
        assert_eq!(asked["public_key"]["userVerification"], "required");
        assert_eq!(asked["public_key"]["rpId"], "localhost");
        let begun = app.log_in_by(&mut who.key).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        let access = begun.text("access_token");
        assert_eq!(claims(&access)["amr"], json!(["hwk", "user", "mfa"]));
        assert!(begun.device().is_none() && begun.json["device_token"].is_string());
        let codes = app.send(Ask::post("/api/v1/me/recovery-codes").bearer(&access)).await;
        assert_eq!(codes.status, 201, "{:?}", codes.json);
        let mine = app.send(Ask::get(MINE).bearer(&access)).await;
        assert!(mine.json["items"][0]["last_used_at"].is_string(), "{:?}", mine.json);
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201, "and again");
    }

    /// One that copies itself does not count: zero is no step back.
    async fn a_synced_passkey_signs_in_as_often_as_one_likes(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::synced(PAGE)).await;
        for _ in 0..3 {
            let begun = app.log_in_by(&mut who.key).await;
            assert_eq!(begun.status, 201, "{:?}", begun.json);
            assert_eq!(claims(&begun.text("access_token"))["amr"], json!(["swk", "user", "mfa"]));
        }
        let mine = app.send(Ask::get(MINE).bearer(&who.access)).await;
        assert_eq!(mine.json["items"][0]["synced"], true);
    }

    /// Its cookie is a new one, whatever the browser sent along; a page of another site begins nothing.
    async fn a_browser_gets_a_cookie(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_to_log_in().await;
        let mut body = shows(&asked, &who.key.get(&asked["public_key"]));
        body["mode"] = json!("cookie");
        let foreign = Ask::post(LOG_IN).json(body.clone()).header("origin", "https://evil.example.org");
        assert_eq!(app.send(foreign).await.code(), "origin_refused");
        let begun = app.send(Ask::post(LOG_IN).json(body)).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        let cookie = begun.cookie().unwrap();
        assert!(begun.json.get("access_token").is_none());
        assert_eq!(app.send(Ask::get("/api/v1/me").cookie(&cookie)).await.status, 200);
        for write in [
            Ask::post(super::OF_NEW),
            Ask::post(MINE).json(json!({})),
            Ask::post(OF_STEP_UP),
            Ask::delete(&format!("{MINE}/018f4a1e-0000-7000-8000-000000000000")),
        ] {
            assert_eq!(app.send(write.cookie(&cookie)).await.code(), "csrf_failed");
        }
    }

    /// With a passkey on the account the password is half a log-in.
    async fn a_passkey_completes_a_log_in(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let half = app.log_in(WHO, PASSWORD).await;
        assert_eq!((half.status, &half.json["methods"]), (202, &json!(["passkey", "recovery_code"])));
        let challenge = half.text("challenge");
        let asked = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": challenge }))).await;
        let allowed = &asked.json["public_key"]["allowCredentials"];
        assert_eq!(allowed.as_array().unwrap().len(), 1, "{:?}", asked.json);
        assert_eq!(allowed[0]["type"], "public-key");
        // Authenticators may leave out whose key it is when they were told which.
        let named = who.key.user_handle.take();
        let shown = who.key.get(&asked.json["public_key"]);
        assert_eq!(allowed[0]["id"], shown["id"]);
        let begun = app.complete(shows(&asked.json, &shown), &challenge).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        assert_eq!(claims(&begun.text("access_token"))["amr"], json!(["pwd", "hwk", "user", "mfa"]));
        who.key.user_handle = named;
        let paper = json!({ "recovery_code": who.codes[0] });
        let challenge = app.challenge(WHO).await;
        assert_eq!(app.complete(paper, &challenge).await.status, 201, "codes stand in for a passkey, too");
        let gone = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": challenge }))).await;
        assert_eq!(gone.code(), "challenge_gone");
    }

    async fn a_passkey_confirms_a_session(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        app.pass(TEN_MINUTES);
        let replace = || app.send(Ask::post("/api/v1/me/recovery-codes").bearer(&who.access));
        assert_eq!(replace().await.code(), "step_up_required");
        let by_password = app.post(STEP_UP, &who.access, json!({ "password": PASSWORD })).await;
        assert_eq!(by_password.json["errors"][0]["code"], "second_factor_needed");
        let confirmed = app.confirm_by(&who.access, &mut who.key).await;
        assert_eq!(confirmed.status, 200, "{:?}", confirmed.json);
        let replace = app.send(Ask::post("/api/v1/me/recovery-codes").bearer(&who.access)).await;
        assert_eq!(replace.status, 201);
        assert_eq!(app.audited("identity.session.confirmed").await, 1);
    }

    /// Somebody without a passkey is told so where they may know, and a stranger gets the same question for anybody.
    async fn who_has_none_is_asked_for_none(engine: Engine) {
        let app = App::new(engine).await;
        app.guarded_owner().await;
        let (_, access) = app.operator("ops@example.com").await;
        let none = app.send(Ask::post(OF_STEP_UP).bearer(&access)).await;
        assert_eq!((none.status, none.code().as_str()), (409, "no_passkey"));
        let challenge = app.challenge(WHO).await;
        let none = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": challenge }))).await;
        assert_eq!(none.code(), "no_passkey");
        let gone = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": "x" }))).await;
        assert_eq!((gone.status, gone.code().as_str()), (410, "challenge_gone"));
    }

    /// Nobody guesses a signature, so what locks the password does not lock the passkey.
    async fn a_locked_password_keeps_no_passkey_out(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        for _ in 0..5 {
            assert_eq!(app.log_in(WHO, "not the password").await.status, 401);
        }
        assert_eq!(app.log_in(WHO, PASSWORD).await.code(), "account_locked");
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201);
        assert_eq!(app.log_in(WHO, PASSWORD).await.code(), "account_locked", "nor does it unlock");
    }

    /// Failures count against the address, with those of passwords; who was here before is not kept waiting.
    async fn failures_count_against_the_address(engine: Engine) {
        let app = App::with(engine, |config| {
            config.failed_log_in_per_address = "3/15m".parse().unwrap();
        })
        .await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let known = app.log_in_by(&mut who.key).await.text("device_token");
        let from = "192.0.2.7";
        for _ in 0..3 {
            let asked = app.asked_to_log_in().await;
            let mut stranger = SoftPasskey::new(PAGE);
            stranger.user_handle.clone_from(&who.key.user_handle);
            let body = shows(&asked, &stranger.get(&asked["public_key"]));
            let refused = app.send(Ask::post(LOG_IN).json(body).from(from)).await;
            assert_eq!((refused.status, refused.code().as_str()), (401, "passkey_refused"));
        }
        let ask = async |key: &mut SoftPasskey, device: Value, from: &str| {
            let asked = app.asked_to_log_in().await;
            let mut body = shows(&asked, &key.get(&asked["public_key"]));
            body["device_token"] = device;
            app.send(Ask::post(LOG_IN).json(body).from(from)).await
        };
        let waits = ask(&mut who.key, Value::Null, from).await;
        assert_eq!((waits.status, waits.code().as_str()), (429, "rate_limited"));
        assert_eq!(waits.retry_after(), 60);
        let password = Ask::log_in(WHO, PASSWORD).from(from);
        assert_eq!(app.send(password).await.code(), "rate_limited", "one count for both");
        assert_eq!(ask(&mut who.key, json!(known), from).await.status, 201);
        assert_eq!(ask(&mut who.key, Value::Null, "198.51.100.1").await.status, 201);
    }
}
