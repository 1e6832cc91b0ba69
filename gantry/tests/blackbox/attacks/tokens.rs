//! Access and refresh tokens that are stolen, confused, forged, or from elsewhere.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::crypto;
use gantry_testkit::{Answer, Client, Engine, both_engines};
use serde_json::{Value, json};

use super::{PATIENCE, World};

async fn refresh(client: &Client, token: &str) -> Answer {
    client
        .anonymous()
        .post("/api/v1/auth/tokens/refresh")
        .json(&json!({"refresh_token": token}))
        .await
}

async fn me(client: &Client, token: &str) -> Answer {
    client.with_bearer(token).get("/api/v1/me").await
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Header and claims of a token.
fn opened(token: &str) -> (Value, Value) {
    let decode =
        |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let mut parts = token.split('.');
    (decode(parts.next().unwrap()), decode(parts.next().unwrap()))
}

/// A signature by a key of the attacker's.
fn own_signature(message: &str) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()))
}

fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut value = value.clone();
    value[name] = new;
    value
}

both_engines! {
    async fn a_replayed_refresh_token_ends_its_family_and_no_other(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let mut other = owner.clone();
        other.log_in().await;

        let second = refresh(&owner.client, &owner.refresh_token).await.expect(200);
        let (second_refresh, second_access) = (second.text_at("/refresh_token"), second.text_at("/access_token"));
        let third = refresh(&owner.client, &second_refresh).await.expect(200);
        let newest = third.text_at("/refresh_token");

        // The thief comes with the first one: its child was used, so there is no innocent reading of it.
        refresh(&owner.client, &owner.refresh_token).await.problem(401, "refresh_refused").done();
        refresh(&owner.client, &newest).await.problem(401, "refresh_refused").done();
        for access in [&owner.client.bearer().unwrap(), &second_access, &third.text_at("/access_token")] {
            me(&owner.client, access).await.problem(401, "unauthenticated").done();
        }
        other.client.get("/api/v1/me").await.expect(200).done();
        refresh(&other.client, &other.refresh_token).await.expect(200).done();
    }

    async fn two_refreshes_at_once_leave_one_usable_successor(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let attempts = (0..4).map(|_| refresh(&owner.client, &owner.refresh_token));
        let answers = futures_util::future::join_all(attempts).await;
        let successors: Vec<String> = answers
            .iter()
            .filter(|answer| answer.status() == 200)
            .map(|answer| answer.text_at("/refresh_token"))
            .collect();
        assert!(!successors.is_empty());
        let mut usable = 0;
        for token in &successors {
            usable += usize::from(refresh(&owner.client, token).await.status() == 200);
        }
        assert!(usable <= 1, "{usable} chains grew out of one token");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_purpose_only() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let access = owner.client.bearer().unwrap();
    me(&owner.client, &owner.refresh_token)
        .await
        .problem(401, "unauthenticated")
        .done();
    refresh(&owner.client, &access)
        .await
        .problem(401, "refresh_refused")
        .done();

    let browser = owner.browser().await;
    let cookie = browser
        .cookie("__Host-gantry_session")
        .expect("a session cookie");
    for text in [cookie.as_str(), cookie.split_once('.').unwrap().1] {
        me(&owner.client, text)
            .await
            .problem(401, "unauthenticated")
            .done();
        refresh(&owner.client, text)
            .await
            .problem(401, "refresh_refused")
            .done();
    }
    for text in [access.as_str(), owner.refresh_token.as_str()] {
        let thief = owner.client.browser();
        thief.set_cookie("__Host-gantry_session", text);
        thief
            .get("/api/v1/me")
            .await
            .problem(401, "unauthenticated")
            .done();
    }
    // The session of a bearer, in the shape of a cookie: it has no secret that could fit.
    let (_, claims) = opened(&access);
    for secret in ["A".repeat(43), owner.refresh_token.clone()] {
        let thief = owner.client.browser();
        thief.set_cookie(
            "__Host-gantry_session",
            &format!("{}.{secret}", claims["sid"].as_str().unwrap()),
        );
        thief
            .get("/api/v1/me")
            .await
            .problem(401, "unauthenticated")
            .done();
    }
    // A token from one kind of mail where another is wanted.
    world
        .client()
        .post("/api/v1/auth/password-resets")
        .json(&json!({"email": owner.email}))
        .await
        .expect(202)
        .done();
    let reset = world
        .mail
        .wait_mail(&owner.email, "password", PATIENCE)
        .await
        .parameter("token");
    for route in ["verifications", "invitations/inspect"] {
        let path = format!("/api/v1/auth/{route}");
        world
            .client()
            .post(&path)
            .json(&json!({"token": reset}))
            .await
            .problem(410, "link_gone")
            .done();
    }
    let set_up =
        json!({"token": reset, "email": "x@example.org", "name": "X", "password": super::PASSWORD});
    world
        .client()
        .post("/api/v1/auth/set-up")
        .json(&set_up)
        .await
        .problem(410, "link_gone")
        .done();
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let access = owner.client.bearer().unwrap();
    me(&owner.client, &access).await.expect(200).done();
    let (header, claims) = opened(&access);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    let genuine = access.rsplit_once('.').unwrap().1.to_owned();
    let jwks = owner
        .client
        .get("/.well-known/jwks.json")
        .await
        .expect(200)
        .value();
    let public = jwks["keys"][0]["x"].as_str().unwrap().to_owned();
    assert!(
        jwks.to_string().find("\"d\"").is_none(),
        "a private part is published: {jwks}"
    );

    let mut forged = Vec::new();
    for alg in ["none", "None", "NONE", ""] {
        let body = format!(
            "{}.{}",
            part(&with(&header, "alg", json!(alg))),
            part(&claims)
        );
        forged.extend([
            format!("{body}."),
            body.clone(),
            format!("{body}.{genuine}"),
        ]);
    }
    // The public key is no secret, so a verifier must not use it as one.
    let keys = [
        public.clone().into_bytes(),
        URL_SAFE_NO_PAD.decode(&public).unwrap(),
        pem(&public).into_bytes(),
    ];
    for key in keys {
        let body = format!(
            "{}.{}",
            part(&with(&header, "alg", json!("HS256"))),
            part(&claims)
        );
        let mac = URL_SAFE_NO_PAD.encode(crypto::hmac_sha256(&key, body.as_bytes()));
        forged.push(format!("{body}.{mac}"));
    }
    let own = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let own_x = URL_SAFE_NO_PAD.encode(aws_lc_rs::signature::KeyPair::public_key(&own).as_ref());
    let own_jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": own_x, "kid": "mine", "alg": "EdDSA"});
    let headers = [
        header.clone(),
        with(&header, "kid", json!("mine")),
        with(&header, "kid", json!("../../../../dev/null")),
        with(&header, "kid", json!("' or '1'='1")),
        with(&header, "kid", Value::Null),
        with(&header, "jwk", own_jwk),
        with(&header, "jku", json!("http://127.0.0.1:1/jwks.json")),
        with(&header, "x5u", json!("http://127.0.0.1:1/cert.pem")),
        with(&header, "typ", json!("JWT")),
        with(&header, "crit", json!(["exp"])),
        with(&header, "b64", json!(false)),
    ];
    for header in headers {
        let body = format!("{}.{}", part(&header), part(&claims));
        forged.push(format!("{body}.{}", own_signature(&body)));
        forged.push(format!("{body}.{genuine}"));
    }
    forged.retain(|token| *token != access);
    // A genuine signature under other claims.
    let other = world.owner("south").await;
    let (_, theirs) = opened(&other.client.bearer().unwrap());
    for changed in [
        with(&claims, "sub", theirs["sub"].clone()),
        with(&claims, "sid", theirs["sid"].clone()),
        with(&claims, "aud", json!("https://elsewhere.example.com/api")),
        with(&claims, "aud", json!([claims["aud"], "x"])),
        with(&claims, "iss", json!("https://elsewhere.example.com")),
        with(&claims, "exp", json!(99_999_999_999_i64)),
    ] {
        forged.push(format!("{}.{}.{genuine}", part(&header), part(&changed)));
    }
    for broken in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        &genuine,
        &access[..access.len() - 1],
    ] {
        forged.push(broken.to_owned());
    }
    forged.push(format!("{access}{}", "A".repeat(5_000)));
    forged.push(format!("{access}."));
    for token in forged {
        me(&owner.client, &token)
            .await
            .problem(401, "unauthenticated")
            .done();
    }
    me(&owner.client, &access).await.expect(200).done();
}

fn pem(x: &str) -> String {
    let mut der = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    der.extend(URL_SAFE_NO_PAD.decode(x).unwrap());
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

#[tokio::test]
async fn a_token_of_another_installation_or_another_address_is_refused() {
    let mut world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let elsewhere = World::open(Engine::Sqlite).await;
    let stranger = elsewhere.owner("north").await;
    me(&owner.client, &stranger.client.bearer().unwrap())
        .await
        .problem(401, "unauthenticated")
        .done();
    refresh(&owner.client, &stranger.refresh_token)
        .await
        .problem(401, "refresh_refused")
        .done();

    // Signed by the right key, for another issuer and audience: what a second service of the same owner would hold.
    let access = owner.client.bearer().unwrap();
    world.server.stop().await;
    world
        .server
        .set_env("GANTRY_SERVER__PUBLIC_URL", "http://gantry.example.com");
    world.server.restart().await;
    me(&world.client(), &access)
        .await
        .problem(401, "unauthenticated")
        .done();
    world.server.stop().await;
    world
        .server
        .set_env("GANTRY_SERVER__PUBLIC_URL", world.server.url());
    world.server.restart().await;
    me(&world.client(), &access).await.expect(200).done();
}
