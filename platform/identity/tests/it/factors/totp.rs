//! Authenticator apps: set up, used, removed.

use futures_util::future::join_all;
use gantry_db::sql;
use gantry_testkit::both_engines;
use serde_json::json;

use super::{Guarded, WHO, claims};
use crate::app::{App, Ask, PASSWORD};

async fn sign_in_with(app: &App, who: &Guarded, steps: i64) -> u16 {
    let challenge = app.challenge(WHO).await;
    app.complete(who.code(app, steps), &challenge).await.status
}

both_engines! {
    /// The app counts after its first code, and then a password alone signs nobody in.
    async fn an_app_is_set_up_by_its_first_code(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (access, refresh) = app.tokens(WHO).await;
        assert_eq!(claims(&access)["amr"], json!(["pwd"]));
        let confirm = "/api/v1/me/totp/confirm";
        let early = app.post(confirm, &access, json!({ "code": "000000" })).await;
        assert_eq!((early.status, early.code().as_str()), (409, "totp_not_begun"));

        let abandoned = app.enrol(&access).await;
        let begun = app.send(Ask::post("/api/v1/me/totp").bearer(&access)).await;
        let secret = begun.text("secret");
        assert_eq!(secret.len(), 32, "160 bits");
        let uri = begun.text("uri");
        assert!(uri.starts_with("otpauth://totp/127%2E0%2E0%2E1:owner%40example%2Ecom?"), "{uri}");
        assert!(uri.contains(&secret), "{uri}");
        assert_eq!(begun.headers["cache-control"], "no-store");
        let phone = gantry_testkit::AuthenticatorApp::new(&secret);
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 201, "it does not count yet");
        assert_eq!(app.factors(&access).await["second_factor_since"], json!(null));

        let of_the_first = json!({ "code": abandoned.code(app.seconds()) });
        let wrong = app.post(confirm, &access, of_the_first).await;
        assert_eq!((wrong.status, &wrong.json["errors"][0]["code"]), (422, &json!("wrong_code")));
        let good = json!({ "code": phone.code(app.seconds()) });
        let confirmed = app.post(confirm, &access, good.clone()).await;
        assert_eq!(confirmed.status, 200, "{:?}", confirmed.json);
        assert_eq!(confirmed.json["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(app.post(confirm, &access, good).await.code(), "totp_not_begun");
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 202);
        let again = app.send(Ask::post("/api/v1/me/totp").bearer(&access)).await;
        assert_eq!((again.status, again.code().as_str()), (409, "totp_exists"));

        let factors = app.factors(&access).await;
        assert!(factors["totp_since"].is_string() && factors["second_factor_since"].is_string());
        assert_eq!((&factors["recovery_codes_left"], &factors["password"]), (&json!(10), &json!(true)));
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await;
        assert_eq!(me.json["second_factor"], true);
        let body = json!({ "refresh_token": refresh });
        let refreshed = app.send(Ask::post("/api/v1/auth/tokens/refresh").json(body)).await;
        let amr = &claims(&refreshed.text("access_token"))["amr"];
        assert_eq!(*amr, json!(["pwd", "otp", "mfa"]), "this session has shown both");
        assert_eq!(app.audited("identity.factor.added").await, 1);
        assert!(matches!(app.mails(WHO, "identity.factors_changed").await[..], [Some(_)]));
    }

    /// What others hold of the account must not outlive its better protection.
    async fn a_first_factor_ends_the_other_sessions(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (stolen, stolen_refresh) = app.tokens(WHO).await;
        let who = app.guard(WHO).await;
        assert_eq!(app.me(&who.access).await, 200);
        assert_eq!(app.me(&stolen).await, 401);
        let body = json!({ "refresh_token": stolen_refresh });
        assert_eq!(app.send(Ask::post("/api/v1/auth/tokens/refresh").json(body)).await.status, 401);
    }

    async fn both_steps_make_a_session_of_many_factors(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let half = app.log_in(WHO, PASSWORD).await;
        assert_eq!((half.status, &half.json["next"]), (202, &json!("second_factor")));
        assert_eq!(half.json["methods"], json!(["totp", "recovery_code"]));
        assert!(half.cookie().is_none() && half.json.get("access_token").is_none());
        let begun = app.complete(who.code(&app, 0), &half.text("challenge")).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        let access = begun.text("access_token");
        assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!(app.me(&access).await, 200);
        let body = json!({ "refresh_token": begun.text("refresh_token") });
        let refreshed = app.send(Ask::post("/api/v1/auth/tokens/refresh").json(body)).await;
        assert_eq!(claims(&refreshed.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    }

    /// One step either way, each used once, and nothing older than what was used.
    async fn a_step_is_used_once(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        assert_eq!(sign_in_with(&app, &who, -1).await, 401, "the one it was set up with");
        assert_eq!(sign_in_with(&app, &who, 0).await, 201);
        assert_eq!(sign_in_with(&app, &who, 0).await, 401, "again");
        app.pass(30);
        assert_eq!(sign_in_with(&app, &who, -1).await, 401, "again, a step later");
        assert_eq!(sign_in_with(&app, &who, 1).await, 201, "a clock that runs ahead");
        assert_eq!(sign_in_with(&app, &who, 0).await, 401, "older than what was used");
        app.pass(60);
        assert_eq!(sign_in_with(&app, &who, -1).await, 401, "used as the next one");
        app.pass(30);
        assert_eq!(sign_in_with(&app, &who, -1).await, 201, "a clock that runs behind");
        app.pass(60);
        assert_eq!(sign_in_with(&app, &who, -2).await, 401);
        assert_eq!(sign_in_with(&app, &who, 2).await, 401);
    }

    /// Many requests with one code: one session.
    async fn one_code_at_once_is_one_session(engine: Engine) {
        let app = App::with(engine, |config| config.log_in_per_account = "100/15m".parse().unwrap()).await;
        let who = app.guarded_owner().await;
        let challenges = join_all((0..4).map(|_| app.challenge(WHO))).await;
        let answers = join_all(challenges.iter().map(|one| app.complete(who.code(&app, 0), one))).await;
        let begun = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(begun, 1, "{answers:?}");
    }

    /// And many requests with one challenge: one session, though each has a code that is good.
    async fn one_challenge_at_once_is_one_session(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let challenge = app.challenge(WHO).await;
        let proofs = who.codes.iter().map(|code| json!({ "recovery_code": code }));
        let answers = join_all(proofs.map(|proof| app.complete(proof, &challenge))).await;
        let begun = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(begun, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 410)), "{answers:?}");
        assert_eq!(app.factors(&who.access).await["recovery_codes_left"], 9);
    }

    async fn a_removed_app_is_no_factor(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let open = app.challenge(WHO).await;
        let remove = || app.send(Ask::delete("/api/v1/me/totp").bearer(&who.access));
        assert_eq!(remove().await.status, 204);
        assert_eq!(remove().await.status, 404);
        assert_eq!(app.complete(who.code(&app, 0), &open).await.code(), "challenge_gone");
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 201);
        let factors = app.factors(&who.access).await;
        assert_eq!(factors["second_factor_since"], json!(null));
        assert_eq!(factors["recovery_codes_left"], 0, "they stand in for a factor that is gone");
        assert_eq!(app.count(sql!("select count(*) from totp")).await, 0);
        assert_eq!(app.audited("identity.factor.removed").await, 1);
        assert_eq!(app.mails(WHO, "identity.factors_changed").await.len(), 2);
    }

    /// The secret is in one reply, and sealed in one column; a replayed request gets another one.
    async fn the_secret_is_stored_sealed_only(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        let ask = || Ask::post("/api/v1/me/totp").bearer(&access).header("idempotency-key", "same");
        let (first, second) = (app.send(ask()).await, app.send(ask()).await);
        assert_ne!(first.text("secret"), second.text("secret"));
        assert_eq!(app.count(sql!("select count(*) from idempotency")).await, 0);
        let (person, sealed): (String, Vec<u8>) = app
            .control
            .read(async |tx| tx.one(sql!("select identity_id, sealed_secret from totp"), &[]).await)
            .await
            .unwrap();
        let ring = crate::app::keyring(&[1]);
        assert!(ring.open("totp/sealed_secret/somebody-else", &sealed).is_err(), "bound to its row");
        let opened = ring.open(&format!("totp/sealed_secret/{person}"), &sealed).unwrap();
        assert_eq!(opened.expose().len(), 20);
        assert!(!sealed.windows(20).any(|part| part == opened.expose().as_slice()));
    }
}
