//! Refresh rotation, case by case, and access tokens that must not be believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use futures_util::future::join_all;
use gantry_db::{args, sql};
use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask};

async fn refresh(app: &App, token: &str) -> Answer {
    app.send(Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": token })))
        .await
}

async fn next(app: &App, token: &str) -> String {
    let answer = refresh(app, token).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    answer.text("refresh_token")
}

async fn app(engine: Engine) -> App {
    let app = App::new(engine).await;
    app.owner("owner@example.com", "North Hall").await;
    app
}

both_engines! {
    /// Each refresh gives another token, and the access token with it works.
    async fn a_chain_goes_on(engine: Engine) {
        let app = app(engine).await;
        let (_, mut token) = app.tokens("owner@example.com").await;
        for _ in 0..5 {
            app.pass(3_600);
            let answer = refresh(&app, &token).await;
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert_eq!(answer.json["expires_in"], 900);
            assert_eq!(app.me(&answer.text("access_token")).await, 200);
            let fresh = answer.text("refresh_token");
            assert_ne!(fresh, token);
            token = fresh;
        }
    }

    /// A lost answer may be asked for again: within a minute, while the child is unused, replacing it.
    async fn the_parent_is_accepted_again_within_grace(engine: Engine) {
        let app = app(engine).await;
        let (_, parent) = app.tokens("owner@example.com").await;
        let lost = next(&app, &parent).await;
        app.pass(60);
        let child = next(&app, &parent).await;
        assert_ne!(child, lost);
        let grandchild = next(&app, &child).await;
        assert_eq!(app.audited("identity.refresh_token.reused").await, 0);
        assert_eq!(refresh(&app, &lost).await.status, 401, "the replaced child is reuse");
        assert_eq!(app.audited("identity.refresh_token.reused").await, 1);
        assert_eq!(refresh(&app, &grandchild).await.status, 401, "and ends the family");
    }

    /// After the grace period the parent ends the family, access tokens included.
    async fn the_parent_after_grace_ends_the_family(engine: Engine) {
        let app = app(engine).await;
        let (access, parent) = app.tokens("owner@example.com").await;
        let child = next(&app, &parent).await;
        app.pass(61);
        assert_eq!(app.me(&access).await, 200);
        assert_eq!(refresh(&app, &parent).await.status, 401);
        assert_eq!(refresh(&app, &child).await.status, 401);
        assert_eq!(app.me(&access).await, 401);
        assert_eq!(app.audited("identity.refresh_token.reused").await, 1);
    }

    /// Once the child was used, the parent is reuse even within the minute.
    async fn the_parent_of_a_used_child_ends_the_family(engine: Engine) {
        let app = app(engine).await;
        let (_, parent) = app.tokens("owner@example.com").await;
        let child = next(&app, &parent).await;
        let grandchild = next(&app, &child).await;
        app.pass(1);
        assert_eq!(refresh(&app, &parent).await.status, 401);
        assert_eq!(refresh(&app, &grandchild).await.status, 401);
    }

    /// Two tabs refresh at once: both get an answer, one chain goes on, and no other session suffers.
    async fn concurrent_refreshes_leave_one_chain(engine: Engine) {
        let app = app(engine).await;
        let (_, parent) = app.tokens("owner@example.com").await;
        let (_, other) = app.tokens("owner@example.com").await;
        let answers = join_all((0..8).map(|_| refresh(&app, &parent))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let living: i64 = app
            .control
            .read(async |tx| {
                tx.one(
                    gantry_db::sql!(
                        "select count(*) from refresh_tokens
                         where parent is not null and used_at is null and replaced_at is null"
                    ),
                    &[],
                )
                .await
            })
            .await
            .unwrap();
        assert_eq!(living, 1, "exactly one child is good");
        next(&app, &other).await;
    }

    async fn an_end_is_an_end_at_that_very_instant(engine: Engine) {
        let app = app(engine).await;
        for (ends, stored) in [
            ("the token's", sql!("update refresh_tokens set expires_at = $1")),
            ("the session's", sql!("update sessions set expires_at = $1")),
        ] {
            let (_, token) = app.tokens("owner@example.com").await;
            let soon = app.kernel.now() + std::time::Duration::from_secs(10);
            app.control.write(async move |tx| tx.execute(stored, &args![soon]).await).await.unwrap();
            app.pass(10);
            assert_eq!(refresh(&app, &token).await.status, 401, "{ends}");
        }
    }

    /// Unused for a week, or a month old: over.
    async fn tokens_run_out(engine: Engine) {
        let app = app(engine).await;
        let (_, idle) = app.tokens("owner@example.com").await;
        app.pass(7 * 86_400);
        assert_eq!(refresh(&app, &idle).await.status, 401);
        let (_, mut token) = app.tokens("owner@example.com").await;
        for _ in 0..4 {
            app.pass(6 * 86_400);
            token = next(&app, &token).await;
        }
        app.pass(6 * 86_400);
        assert_eq!(refresh(&app, &token).await.status, 401, "30 days are the end");
    }

    /// Every way to a token we did not issue for this.
    async fn forged_and_foreign_tokens_are_refused(engine: Engine) {
        let app = app(engine).await;
        let (access, refresh_token) = app.tokens("owner@example.com").await;
        assert_eq!(app.me(&access).await, 200);
        let parts: Vec<&str> = access.split('.').collect();
        let header: Value = serde_json::from_slice(&B64.decode(parts[0]).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&B64.decode(parts[1]).unwrap()).unwrap();
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("EdDSA")));
        let encode = |value: &Value| B64.encode(serde_json::to_vec(value).unwrap());
        let changed = |value: &Value, name: &str, with: Value| {
            let mut value = value.clone();
            value[name] = with;
            encode(&value)
        };
        let mut wrong = vec![
            ("refresh as access", refresh_token.clone()),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
            ("alg none", format!("{}.{}.", changed(&header, "alg", json!("none")), parts[1])),
            ("alg HS256", format!("{}.{}.{}", changed(&header, "alg", json!("HS256")), parts[1], parts[2])),
            ("typ JWT", format!("{}.{}.{}", changed(&header, "typ", json!("JWT")), parts[1], parts[2])),
            ("unknown kid", format!("{}.{}.{}", changed(&header, "kid", json!("nobody")), parts[1], parts[2])),
            ("other subject", format!("{}.{}.{}", parts[0], changed(&claims, "sub", claims["sid"].clone()), parts[2])),
            ("empty", String::new()),
            ("long", "a".repeat(10_000)),
        ];
        // Signed by another installation's key, with our kid and claims.
        let stranger = Signer::new(9);
        wrong.push(("foreign key", stranger.sign(&header, &claims)));
        for (what, token) in &wrong {
            assert_eq!(app.me(token).await, 401, "{what}");
        }
        // Signed by our key, but not for us.
        let ours = Signer::of(&app).await;
        assert_eq!(app.me(&ours.sign(&header, &claims)).await, 200, "the signer of this test works");
        for (what, name, value) in [
            ("issuer", "iss", json!("https://evil.example.org")),
            ("audience", "aud", json!("https://evil.example.org/api")),
            ("expired", "exp", json!(claims["iat"].as_i64().unwrap() - 1)),
        ] {
            let mut claims = claims.clone();
            claims[name] = value;
            assert_eq!(app.me(&ours.sign(&header, &claims)).await, 401, "{what}");
        }
        let mut typed = header.clone();
        typed["typ"] = json!("JWT");
        assert_eq!(app.me(&ours.sign(&typed, &claims)).await, 401, "our key, another type");
        app.pass(15 * 60);
        assert_eq!(app.me(&access).await, 401, "15 minutes, also from the cache");
    }

    /// The published keys are the ones that sign, and nothing private.
    async fn the_key_set_is_public(engine: Engine) {
        let app = app(engine).await;
        let (access, _) = app.tokens("owner@example.com").await;
        let header = access.split('.').next().unwrap();
        let header: Value = serde_json::from_slice(&B64.decode(header).unwrap()).unwrap();
        let keys = app.send(Ask::get("/.well-known/jwks.json")).await;
        assert_eq!(keys.status, 200);
        assert!(keys.headers["cache-control"].to_str().unwrap().contains("public"));
        let key = keys.json["keys"][0].as_object().unwrap();
        assert_eq!(key["kid"], header["kid"]);
        assert!(!key.contains_key("d"));
    }
}

/// Signs tokens as an attacker with a key would.
struct Signer(aws_lc_rs::signature::Ed25519KeyPair);

impl Signer {
    fn new(byte: u8) -> Self {
        Self(aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap())
    }

    async fn of(app: &App) -> Self {
        let (kid, sealed): (String, Vec<u8>) = app
            .control
            .read(async |tx| {
                tx.one(
                    gantry_db::sql!("select kid, sealed_private from signing_keys"),
                    &[],
                )
                .await
            })
            .await
            .unwrap();
        let ring = crate::app::keyring(&[1]);
        let seed = ring
            .open(&format!("signing_keys/sealed_private/{kid}"), &sealed)
            .unwrap();
        Self(aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(seed.expose()).unwrap())
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| B64.encode(serde_json::to_vec(value).unwrap());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = B64.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}
