//! ID tokens that lie.

use gantry_kernel::Secret;
use gantry_openid::{ClientAuth, OpenIdError};
use gantry_testkit::openid::{CLIENT_ID, CLIENT_SECRET, Signing};
use serde_json::{Value, json};

use crate::party::Party;

#[tokio::test]
async fn every_accepted_algorithm_signs_in() {
    let party = Party::new().await;
    for signing in [
        Signing::Rs256,
        Signing::Ps256,
        Signing::Es256,
        Signing::EdDsa,
    ] {
        party
            .provider
            .change(|behaviour| behaviour.signing = signing);
        let identity = party.sign_in().await.unwrap();
        assert_eq!(identity.subject, "subject-1", "{signing:?}");
        assert_eq!(identity.email.as_deref(), Some("person@example.com"));
        assert!(identity.email_verified);
        assert_eq!(identity.name.as_deref(), Some("Person At Provider"));
    }
    // No key is named, and one alone can be meant.
    let unnamed = json!({ "kid": null });
    party
        .provider
        .change(|behaviour| behaviour.header = unnamed);
    assert!(party.sign_in().await.is_ok());
}

#[tokio::test]
async fn every_way_of_being_known_as_a_client_works() {
    let mut party = Party::new().await;
    let secret = || Secret::new(CLIENT_SECRET.to_owned());
    let wrong = Secret::new("wrong".to_owned());
    party.client.auth = ClientAuth::Post(secret());
    assert!(party.sign_in().await.is_ok());
    for auth in [
        ClientAuth::None,
        ClientAuth::Basic(wrong.clone()),
        ClientAuth::Post(wrong),
    ] {
        party.client.auth = auth;
        let refused = party.sign_in().await;
        assert!(
            matches!(&refused, Err(OpenIdError::Code(word)) if word == "invalid_client"),
            "{refused:?}"
        );
    }
    party.client.auth = ClientAuth::None;
    party
        .provider
        .change(|behaviour| behaviour.public_client = true);
    assert!(party.sign_in().await.is_ok());
}

#[tokio::test]
async fn a_signature_that_anybody_could_have_made_is_refused() {
    let party = Party::new().await;
    for signing in [
        Signing::None,
        Signing::HmacOfPublicKey,
        Signing::HmacOfClientSecret,
        Signing::Stranger,
        Signing::Tampered,
    ] {
        party
            .provider
            .change(|behaviour| behaviour.signing = signing);
        let refused = party.sign_in().await;
        assert!(
            matches!(refused, Err(OpenIdError::Token(_))),
            "{signing:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_header_that_is_not_of_an_id_token_is_refused() {
    let party = Party::new().await;
    for header in [
        json!({ "alg": "RS512" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "none" }),
        json!({ "alg": "NONE" }),
        json!({ "alg": null }),
        json!({ "kid": "no such key" }),
        json!({ "kid": "encrypts" }),
        // A key of another kind, and one that is for another algorithm.
        json!({ "kid": "ec" }),
        json!({ "kid": "rs256", "alg": "PS256" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "logout+jwt" }),
        json!({ "crit": ["exp"], "exp": 1 }),
    ] {
        let sent = header.clone();
        party.provider.change(|behaviour| behaviour.header = sent);
        let refused = party.sign_in().await;
        assert!(
            matches!(refused, Err(OpenIdError::Token(_))),
            "{header}: {refused:?}"
        );
        // Asking for keys again is due a minute later.
        party.clock.advance(std::time::Duration::from_secs(61));
    }
    // Without a name either RSA key could be meant.
    party.provider.change(|behaviour| {
        behaviour.signing = Signing::Rs256;
        behaviour.header = json!({ "kid": null });
    });
    assert!(matches!(party.sign_in().await, Err(OpenIdError::Token(_))));
}

#[tokio::test]
async fn every_claim_is_checked() {
    let party = Party::new().await;
    let issuer = party.provider.issuer();
    let now = gantry_kernel::Kernel::manual(&party.clock, 1)
        .now()
        .as_seconds();
    let others = json!([CLIENT_ID, "another client"]);
    let wrong: [Value; 26] = [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": format!("{issuer}/") }),
        json!({ "iss": null }),
        json!({ "aud": "another client" }),
        json!({ "aud": ["another client"] }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "aud": others }),
        json!({ "aud": others, "azp": "another client" }),
        json!({ "azp": "another client" }),
        json!({ "exp": now - 61 }),
        json!({ "exp": now - 3_600, "iat": now - 7_200 }),
        json!({ "exp": null }),
        json!({ "exp": "later" }),
        json!({ "iat": now + 120 }),
        json!({ "iat": null }),
        json!({ "nbf": now + 120 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": "" }),
        json!({ "nonce": null }),
        json!({ "sub": "" }),
        json!({ "sub": null }),
        json!({ "sub": 7 }),
        json!({ "sub": "a".repeat(256) }),
        json!({ "sub": "line\nbreak" }),
        json!({ "padding": "a".repeat(20_000) }),
    ];
    for claims in wrong {
        let sent = claims.clone();
        party.provider.change(|behaviour| behaviour.claims = sent);
        let refused = party.sign_in().await;
        assert!(
            matches!(refused, Err(OpenIdError::Token(_))),
            "{claims}: {refused:?}"
        );
    }
    // What is strange and right.
    for claims in [
        json!({ "aud": [CLIENT_ID] }),
        json!({ "aud": others, "azp": CLIENT_ID }),
        json!({ "azp": CLIENT_ID }),
        json!({ "exp": now - 59, "iat": now + 59, "nbf": now + 59 }),
        json!({ "sub": "a".repeat(255) }),
        json!({ "email": null, "email_verified": null, "name": null }),
    ] {
        let sent = claims.clone();
        party.provider.change(|behaviour| behaviour.claims = sent);
        assert!(party.sign_in().await.is_ok(), "{claims}");
    }
    // Only the standard's own word confirms an address.
    for verified in [json!("true"), json!(1), json!(false), json!(null)] {
        let claims = json!({ "email_verified": verified });
        party.provider.change(|behaviour| behaviour.claims = claims);
        assert!(!party.sign_in().await.unwrap().email_verified, "{verified}");
    }
}
