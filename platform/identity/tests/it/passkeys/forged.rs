//! Answers that no honest authenticator and browser give, and one answer to all of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_db::{args, sql};
use gantry_testkit::{SoftPasskey, both_engines};
use serde_json::{Value, json};

use super::{LOG_IN, MINE, PAGE, WHO, shows};
use crate::app::{Answer, App, Ask};

type Tamper = fn(&mut SoftPasskey);

/// What the authenticator or its browser says wrong.
const LIES: &[(&str, Tamper)] = &[
    ("another site", |key| {
        key.origin = "https://evil.example.org".into();
    }),
    ("the same host over another port", |key| {
        key.origin = "http://localhost:9999".into();
    }),
    ("a host below", |key| {
        key.origin = "http://a.localhost:8080".into();
    }),
    ("the address instead of the name", |key| {
        key.origin = "http://127.0.0.1:8080".into();
    }),
    ("a page inside another's", |key| key.framed = true),
    ("a key of another site", |key| {
        key.site = Some("evil.example.org".into());
    }),
    ("nobody verified", |key| key.verifies = false),
];

/// A byte of a member of the response, changed.
fn flip(shown: &mut Value, member: &str, at: usize) {
    let text = shown["response"][member].as_str().unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 0x40;
    shown["response"][member] = json!(URL_SAFE_NO_PAD.encode(bytes));
}

async fn refused(app: &App, asked: &Value, shown: &Value) -> Answer {
    app.send(Ask::post(LOG_IN).json(shows(asked, shown))).await
}

both_engines! {
    /// The answer of a stranger's key is that of every lie, and of an account that was suspended.
    async fn a_log_in_that_does_not_hold_is_refused_alike(engine: Engine) {
        let app = App::with(engine, |config| config.failed_log_in_per_address = "1000/15m".parse().unwrap()).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let mut stranger = SoftPasskey::new(PAGE);
        stranger.user_handle.clone_from(&who.key.user_handle);
        let unknown = app.log_in_by(&mut stranger).await.visible();
        assert_eq!(unknown.0, 401);
        for (lie, tell) in LIES {
            let mut key = app.keyed(&format!("{}@example.com", lie.replace([' ', '\''], "-")), SoftPasskey::new(PAGE)).await.key;
            tell(&mut key);
            assert_eq!(app.log_in_by(&mut key).await.visible(), unknown, "{lie}");
        }
        for (member, at) in [
            ("signature", 20),
            ("authenticatorData", 0),
            ("authenticatorData", 36),
            ("clientDataJSON", 30),
            ("userHandle", 0),
        ] {
            let asked = app.asked_to_log_in().await;
            let mut shown = who.key.get(&asked["public_key"]);
            flip(&mut shown, member, at);
            assert_eq!(refused(&app, &asked, &shown).await.visible(), unknown, "{member} {at}");
        }
        let named = who.key.user_handle.take();
        assert_eq!(app.log_in_by(&mut who.key).await.visible(), unknown, "it does not say whose it is");
        who.key.user_handle = named;
        let asked = app.asked_for_new(&who.access).await;
        let made = who.key.create(&asked["public_key"]);
        let asked = app.asked_to_log_in().await;
        assert_eq!(refused(&app, &asked, &made).await.visible(), unknown, "a registration is no log-in");
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201);
        app.control
            .write(async |tx| {
                let disable = sql!("update identities set state = 'disabled' where email = $1");
                tx.execute(disable, &args![WHO]).await
            })
            .await
            .unwrap();
        assert_eq!(app.log_in_by(&mut who.key).await.visible(), unknown, "suspended");
    }

    /// The same lies make no passkey, and each uses its question up.
    async fn a_new_key_that_does_not_hold_is_refused(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        for (lie, tell) in LIES {
            let mut key = SoftPasskey::new(PAGE);
            tell(&mut key);
            let asked = app.asked_for_new(&who.access).await;
            let made = key.create(&asked["public_key"]);
            let refused = app.register(&who.access, &asked, made).await;
            assert_eq!((refused.status, &refused.json["errors"][0]["code"]), (422, &json!("passkey_refused")), "{lie}");
            let honest = SoftPasskey::new(PAGE).create(&asked["public_key"]);
            let again = app.register(&who.access, &asked, honest).await;
            assert_eq!(again.code(), "passkey_ceremony_gone", "{lie}");
        }
        let asked = app.asked_for_new(&who.access).await;
        let mut key = SoftPasskey::new(PAGE);
        key.create(&asked["public_key"]);
        let shown = key.get(&app.asked_to_log_in().await["public_key"]);
        assert_eq!(app.register(&who.access, &asked, shown).await.status, 422, "a log-in is no registration");
        let other = app.asked_for_new(&who.access).await;
        let asked = app.asked_for_new(&who.access).await;
        let made = key.create(&other["public_key"]);
        assert_eq!(app.register(&who.access, &asked, made).await.status, 422, "the answer to another question");
        let mine = app.send(Ask::get(MINE).bearer(&who.access)).await;
        assert_eq!(mine.json["items"].as_array().unwrap().len(), 1);
    }

    /// Whatever the bytes, the answer is a refusal and no failure of ours.
    async fn what_is_malformed_is_refused(engine: Engine) {
        let app = App::with(engine, |config| config.failed_log_in_per_address = "1000/15m".parse().unwrap()).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let junk = ["", "!", "AA", "oA", "_w", "n__________8", "W____w", &"g".repeat(4_000), &URL_SAFE_NO_PAD.encode([0x9b; 9])];
        for bytes in junk {
            for member in ["attestationObject", "clientDataJSON"] {
                let asked = app.asked_for_new(&who.access).await;
                let mut made = SoftPasskey::new(PAGE).create(&asked["public_key"]);
                made["response"][member] = json!(bytes);
                assert_eq!(app.register(&who.access, &asked, made).await.status, 422, "{member} {bytes}");
            }
            for member in ["authenticatorData", "clientDataJSON", "signature"] {
                let asked = app.asked_to_log_in().await;
                let mut shown = who.key.get(&asked["public_key"]);
                shown["response"][member] = json!(bytes);
                assert_eq!(refused(&app, &asked, &shown).await.status, 401, "{member} {bytes}");
            }
        }
        // Each end of what is good.
        let asked = app.asked_for_new(&who.access).await;
        let made = SoftPasskey::new(PAGE).create(&asked["public_key"]);
        let whole = URL_SAFE_NO_PAD.decode(made["response"]["attestationObject"].as_str().unwrap()).unwrap();
        for end in (0..whole.len()).step_by(9) {
            let asked = app.asked_for_new(&who.access).await;
            let mut made = SoftPasskey::new(PAGE).create(&asked["public_key"]);
            made["response"]["attestationObject"] = json!(URL_SAFE_NO_PAD.encode(&whole[..end]));
            assert_eq!(app.register(&who.access, &asked, made).await.status, 422, "{end} bytes");
        }
        for shape in [json!({}), json!({ "id": 7 }), json!({ "response": [] })] {
            let asked = app.asked_to_log_in().await;
            assert_eq!(refused(&app, &asked, &shape).await.status, 401);
            let asked = app.asked_for_new(&who.access).await;
            assert_eq!(app.register(&who.access, &asked, shape).await.status, 422);
        }
        let asked = app.asked_to_log_in().await;
        assert_eq!(refused(&app, &asked, &json!("a text")).await.status, 422);
    }

    /// A count that stands still or goes back: refused, audited, and the owner hears of it, once a day.
    async fn a_copied_key_is_refused_and_told_of(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        who.key.counter = Some(9);
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201);
        let told = async || app.mails(WHO, "identity.factors_changed").await.len();
        let before = told().await;
        for counter in [9, 3, 0] {
            who.key.counter = Some(counter);
            let refused = app.log_in_by(&mut who.key).await;
            assert_eq!(refused.status, 401, "{counter} and one more, after 10");
        }
        assert_eq!((app.audited("identity.passkey.copied").await, told().await), (1, before + 1));
        who.key.counter = None;
        assert_eq!(app.log_in_by(&mut who.key).await.status, 401, "nor does a copy that does not count");
        let newest = &app.mails(WHO, "identity.factors_changed").await[0];
        assert!(newest.as_ref().unwrap()["what"].as_str().unwrap().contains("copy"));
        let mine = app.send(Ask::get(MINE).bearer(&who.access)).await;
        assert!(mine.json["items"][0]["copied_at"].is_string());
        app.pass(24 * 3_600);
        who.key.counter = Some(2);
        assert_eq!(app.log_in_by(&mut who.key).await.status, 401);
        assert_eq!((app.audited("identity.passkey.copied").await, told().await), (2, before + 2));
        who.key.counter = Some(10);
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201, "the one that counts on");
    }
}
