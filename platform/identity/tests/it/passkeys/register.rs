//! Registering, naming and removing passkeys.

use gantry_db::sql;
use gantry_testkit::{SoftPasskey, both_engines};
use serde_json::json;

use super::{MINE, OF_LOG_IN, OF_NEW, OF_STEP_UP, PAGE, WHO};
use crate::app::{App, Ask, PASSWORD};

both_engines! {
    async fn a_passkey_is_registered_in_two_steps(engine: Engine) {
        let app = App::new(engine).await;
        let (_, person) = app.owner(WHO, "North Hall").await;
        let (stolen, _) = app.tokens(WHO).await;
        let (access, _) = app.tokens(WHO).await;
        let asked = app.asked_for_new(&access).await;
        let options = &asked["public_key"];
        assert_eq!(options["rp"], json!({ "name": "localhost", "id": "localhost" }));
        assert_eq!(options["attestation"], "none");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["requireResidentKey"], true);
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(options["timeout"], 300_000);
        let algorithms = options["pubKeyCredParams"].as_array().unwrap();
        assert!(algorithms.iter().any(|one| one["alg"] == -7) && algorithms.iter().any(|one| one["alg"] == -257));
        assert_eq!(options["user"]["name"], WHO, "what the authenticator shows its owner");
        let handle = options["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(handle.len(), 22, "16 random bytes");
        assert_ne!(handle, person);

        let mut key = SoftPasskey::new(PAGE);
        let made = key.create(options);
        let registered = app.register(&access, &asked, made).await;
        assert_eq!(registered.status, 201, "{:?}", registered.json);
        assert_eq!(registered.json["recovery_codes"].as_array().unwrap().len(), 10);
        let passkey = &registered.json["passkey"];
        assert_eq!((&passkey["name"], &passkey["synced"]), (&json!("A key"), &json!(false)));
        assert!(passkey["created_at"].is_string() && passkey["last_used_at"].is_null());
        assert_eq!(app.me(&stolen).await, 401, "a first factor ends the other sessions");
        assert_eq!(app.me(&access).await, 200);
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 202);
        assert_eq!(app.factors(&access).await["passkeys"], 1);
        assert_eq!(app.audited("identity.factor.added").await, 1);
        let mails = app.mails(WHO, "identity.factors_changed").await;
        assert!(matches!(&mails[..], [Some(vars)] if vars["what"] == "a passkey was added"), "{mails:?}");

        let asked = app.asked_for_new(&access).await;
        let excluded = &asked["public_key"]["excludeCredentials"];
        assert_eq!(excluded[0]["id"], passkey_id(&key), "{excluded}");
        assert_eq!(asked["public_key"]["user"]["id"], handle, "one account, one name");
        let mut second = SoftPasskey::synced(PAGE);
        let registered = app.add_key(&access, &mut second).await;
        assert_eq!(registered.json["recovery_codes"], json!(null), "they were given before");
        assert_eq!(app.log_in_by(&mut key).await.status, 201);
        assert_eq!(app.log_in_by(&mut second).await.status, 201);
    }

    /// A stolen session is not enough.
    async fn an_old_session_must_confirm_first(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_for_new(&who.access).await;
        let made = SoftPasskey::new(PAGE).create(&asked["public_key"]);
        app.pass(600);
        let one = app.send(Ask::get(MINE).bearer(&who.access)).await.json["items"][0]["id"].as_str().unwrap().to_owned();
        let body = json!({ "ceremony": asked["ceremony"], "name": "x", "credential": made });
        for ask in [
            Ask::post(OF_NEW),
            Ask::post(MINE).json(body),
            Ask::delete(&format!("{MINE}/{one}")),
        ] {
            let answer = app.send(ask.bearer(&who.access)).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "step_up_required"));
        }
        assert_eq!(app.confirm_by(&who.access, &mut who.key).await.status, 200);
        app.asked_for_new(&who.access).await;
    }

    async fn a_key_is_registered_once_and_not_without_end(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_for_new(&who.access).await;
        let same = who.key.create(&asked["public_key"]);
        assert_eq!(app.register(&who.access, &asked, same).await.status, 422, "its browser was told not to");
        app.owner("other@example.com", "South Hall").await;
        let (other, _) = app.tokens("other@example.com").await;
        let asked = app.asked_for_new(&other).await;
        let stolen = who.key.create(&asked["public_key"]);
        let taken = app.register(&other, &asked, stolen).await;
        assert_eq!((taken.status, &taken.json["errors"][0]["code"]), (422, &json!("passkey_refused")));
        assert_eq!(app.factors(&other).await["passkeys"], 0);

        let last = app.asked_for_new(&who.access).await;
        for _ in 1..20 {
            app.add_key(&who.access, &mut SoftPasskey::new(PAGE)).await;
        }
        let full = app.send(Ask::post(OF_NEW).bearer(&who.access)).await;
        assert_eq!((full.status, full.code().as_str()), (409, "too_many_passkeys"));
        let made = SoftPasskey::new(PAGE).create(&last["public_key"]);
        assert_eq!(app.register(&who.access, &last, made).await.code(), "too_many_passkeys", "begun before");
        assert_eq!(app.count(sql!("select count(*) from passkeys")).await, 20);
    }

    async fn passkeys_are_named_and_removed_by_their_owner(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let other = app.keyed("other@example.com", SoftPasskey::new(PAGE)).await;
        let mine = app.send(Ask::get(MINE).bearer(&who.access)).await;
        let one = format!("{MINE}/{}", mine.json["items"][0]["id"].as_str().unwrap());
        let named = Ask::put(&one).bearer(&who.access).json(json!({ "name": "  Blue key " }));
        let named = app.send(named).await;
        assert_eq!(named.status, 204, "{:?}", named.json);
        let mine = app.send(Ask::get(MINE).bearer(&who.access)).await;
        assert_eq!(mine.json["items"][0]["name"], "Blue key");
        assert_eq!(app.audited("identity.passkey.renamed").await, 1);
        for name in ["", &"x".repeat(61)] {
            let refused = Ask::put(&one).bearer(&who.access).json(json!({ "name": name }));
            assert_eq!(app.send(refused).await.status, 422);
        }
        let foreign = Ask::put(&one).bearer(&other.access).json(json!({ "name": "mine" }));
        assert_eq!(app.send(foreign).await.status, 404);
        assert_eq!(app.send(Ask::delete(&one).bearer(&other.access)).await.status, 404);

        let open = app.challenge(WHO).await;
        let asked = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": open }))).await;
        assert_eq!(asked.status, 201);
        assert_eq!(app.send(Ask::delete(&one).bearer(&who.access)).await.status, 204);
        assert_eq!(app.send(Ask::delete(&one).bearer(&who.access)).await.status, 404);
        let shown = who.key.get(&asked.json["public_key"]);
        let gone = app.complete(super::shows(&asked.json, &shown), &open).await;
        assert_eq!(gone.code(), "challenge_gone");
        assert_eq!(app.log_in_by(&mut who.key).await.code(), "passkey_refused");
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 201, "the password alone again");
        let factors = app.factors(&who.access).await;
        assert_eq!((&factors["second_factor_since"], &factors["recovery_codes_left"]), (&json!(null), &json!(0)));
        assert_eq!(app.audited("identity.factor.removed").await, 1);
    }

    /// Two kinds of factor stand for each other: with one of them left the account keeps its codes.
    async fn a_passkey_and_an_app_stand_beside_each_other(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let mut key = SoftPasskey::new(PAGE);
        let registered = app.add_key(&who.access, &mut key).await;
        assert_eq!(registered.json["recovery_codes"], json!(null));
        let half = app.log_in(WHO, PASSWORD).await;
        assert_eq!(half.json["methods"], json!(["totp", "passkey", "recovery_code"]));
        assert_eq!(app.send(Ask::delete("/api/v1/me/totp").bearer(&who.access)).await.status, 204);
        assert_eq!(app.log_in(WHO, PASSWORD).await.json["methods"], json!(["passkey", "recovery_code"]));
        assert_eq!(app.factors(&who.access).await["recovery_codes_left"], 10);
        assert_eq!(app.log_in_by(&mut key).await.status, 201);
    }

    /// A browser would refuse, so we say why before it does.
    async fn an_address_without_a_name_has_no_passkeys(engine: Engine) {
        let app = App::called(engine, "https://192.0.2.7").await;
        let asked = app.send(Ask::post(OF_LOG_IN).json(json!({}))).await;
        assert_eq!((asked.status, asked.code().as_str()), (409, "passkeys_unavailable"));
        assert!(asked.text("detail").contains("server.public_url"), "{:?}", asked.json);
        let app = App::called(engine, "http://127.0.0.1:8080").await;
        let on_address = Ask::post(OF_LOG_IN).json(json!({})).header("origin", "http://127.0.0.1:8080");
        let refused = app.send(on_address).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "passkeys_unavailable"));
        assert!(refused.text("detail").contains(PAGE), "it says where: {:?}", refused.json);
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        for path in [OF_NEW, OF_STEP_UP] {
            let ask = Ask::post(path).bearer(&access).header("origin", "http://127.0.0.1:8080");
            assert_eq!(app.send(ask).await.code(), "passkeys_unavailable");
        }
    }
}

fn passkey_id(key: &SoftPasskey) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&key.id)
}
