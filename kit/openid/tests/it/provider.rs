//! Providers that fail, lie about themselves, or pass people on to others.

use std::time::Duration;

use gantry_kernel::{Period, Secret};
use gantry_openid::{Attempt, OpenIdError};
use gantry_outbound::OutboundError;
use gantry_testkit::openid::{DISCOVERY, Fault, JWKS, TOKEN, Visit};
use serde_json::json;

use crate::party::Party;

/// Longer than what is known of a provider is kept.
const LATER: Duration = Duration::from_secs(3_601);

#[tokio::test]
async fn what_is_known_of_a_provider_is_asked_once_an_hour() {
    let party = Party::new().await;
    for _ in 0..3 {
        party.sign_in().await.unwrap();
    }
    let asked = || (party.provider.asked(DISCOVERY), party.provider.asked(JWKS));
    assert_eq!(asked(), (1, 1));
    party.clock.advance(LATER);
    party.sign_in().await.unwrap();
    assert_eq!(asked(), (2, 2));
    assert_eq!(party.provider.asked(TOKEN), 4);
}

#[tokio::test]
async fn unknown_keys_make_us_ask_once_a_minute_and_not_more() {
    let party = Party::new().await;
    party.sign_in().await.unwrap();
    party.clock.advance(Duration::from_secs(61));
    for n in 0..20 {
        let header = json!({ "kid": format!("made up {n}") });
        party.provider.change(|behaviour| behaviour.header = header);
        let refused = party.sign_in().await;
        assert!(
            matches!(refused, Err(OpenIdError::Token("unknown key"))),
            "{refused:?}"
        );
    }
    assert_eq!(
        party.provider.asked(JWKS),
        2,
        "at first, and for the first unknown name"
    );
    party.clock.advance(Duration::from_secs(61));
    assert!(party.sign_in().await.is_err());
    assert_eq!(party.provider.asked(JWKS), 3);
}

#[tokio::test]
async fn a_code_is_good_for_one_attempt_of_one_browser() {
    let party = Party::new().await;
    let begun = party.begin().await.unwrap();
    let visit = party.provider.visit(begun.url.as_str());
    let elsewhere = party.begin().await.unwrap();
    let stolen = party.finish(&elsewhere.attempt, &visit).await;
    assert!(
        matches!(&stolen, Err(OpenIdError::Code(word)) if word == "invalid_grant"),
        "another browser has another verifier: {stolen:?}"
    );
    let visit = party.provider.visit(begun.url.as_str());
    assert!(party.finish(&begun.attempt, &visit).await.is_ok());
    let replayed = party.finish(&begun.attempt, &visit).await;
    assert!(
        matches!(replayed, Err(OpenIdError::Code(_))),
        "{replayed:?}"
    );
    let long = Visit {
        code: "a".repeat(3_000),
        ..visit
    };
    let refused = party.finish(&begun.attempt, &long).await;
    assert!(
        matches!(refused, Err(OpenIdError::Answer(_))),
        "{refused:?}"
    );
}

/// RFC 9207: the code of one provider must not be carried to another.
#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_its_code_is_shown_to_anybody() {
    let party = Party::new().await;
    let issuer = party.provider.issuer();
    party
        .provider
        .change(|behaviour| behaviour.names_issuer = Some(json!(true)));
    assert!(party.sign_in().await.is_ok());
    let asked = party.provider.asked(TOKEN);
    for named in [
        Some("https://evil.example"),
        Some(&*format!("{issuer}/")),
        Some(""),
        None,
    ] {
        let begun = party.begin().await.unwrap();
        let mut visit = party.provider.visit(begun.url.as_str());
        visit.iss = named.map(str::to_owned);
        let refused = party.finish(&begun.attempt, &visit).await;
        assert!(
            matches!(refused, Err(OpenIdError::Answer(_))),
            "{named:?}: {refused:?}"
        );
    }
    assert_eq!(party.provider.asked(TOKEN), asked);
    // A provider that does not promise to name itself, and names another one.
    let other = Party::new().await;
    other.provider.change(|behaviour| {
        behaviour.names_issuer = Some(json!("https://evil.example"));
        behaviour.description = json!({ "authorization_response_iss_parameter_supported": null });
    });
    assert!(matches!(other.sign_in().await, Err(OpenIdError::Answer(_))));
}

#[tokio::test]
async fn a_provider_that_describes_somebody_else_is_not_used() {
    for description in [
        json!({ "issuer": "https://accounts.example.com" }),
        json!({ "issuer": null }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "response_types_supported": ["id_token"] }),
        json!({ "token_endpoint": null }),
        json!({ "jwks_uri": null }),
    ] {
        let party = Party::new().await;
        let sent = description.clone();
        party
            .provider
            .change(|behaviour| behaviour.description = sent);
        let refused = party.begin().await;
        assert!(
            matches!(refused, Err(OpenIdError::Provider(_))),
            "{description}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn endpoints_on_private_addresses_are_not_asked() {
    for (name, path) in [("token_endpoint", TOKEN), ("jwks_uri", JWKS)] {
        for target in [
            "http://169.254.169.254/latest/meta-data",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/",
            "https://[::1]/",
            "http://127.0.0.2:1/",
            "file:///etc/passwd",
        ] {
            let party = Party::new().await;
            let description = json!({ name: target });
            party
                .provider
                .change(|behaviour| behaviour.description = description);
            let refused = party.sign_in().await;
            assert!(
                matches!(
                    refused,
                    Err(OpenIdError::Outbound(
                        OutboundError::NotPublic { .. } | OutboundError::Address(_)
                    ))
                ),
                "{name} at {target}: {refused:?}"
            );
            assert_eq!(party.provider.asked(path), 0);
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_are_refused() {
    let metadata = "http://169.254.169.254/latest/meta-data".to_owned();
    for path in [DISCOVERY, TOKEN, JWKS] {
        for fault in [
            Fault::Redirect(metadata.clone()),
            Fault::Redirect("/elsewhere".to_owned()),
            Fault::Huge,
            Fault::Silent,
            Fault::Status(500),
            Fault::Page,
            Fault::Json(json!([])),
        ] {
            let party = match fault {
                Fault::Silent => Party::patient(Period::millis(300)).await,
                _ => Party::new().await,
            };
            let told = fault.clone();
            party.provider.change(|behaviour| {
                behaviour.faults.insert(path, told);
            });
            let refused = party.sign_in().await;
            let fits = match (&refused, &fault) {
                (Err(OpenIdError::Outbound(error)), Fault::Redirect(_)) => {
                    matches!(error, OutboundError::Redirect)
                }
                (Err(OpenIdError::Outbound(error)), Fault::Huge) => {
                    matches!(error, OutboundError::TooLarge(_))
                }
                (Err(OpenIdError::Outbound(error)), Fault::Silent) => {
                    matches!(error, OutboundError::Timeout)
                }
                (Err(OpenIdError::Outbound(error)), Fault::Page) => {
                    matches!(error, OutboundError::ContentType(_))
                }
                (Err(error), Fault::Status(_)) => {
                    matches!(error, OpenIdError::Provider(_) | OpenIdError::Code(_))
                }
                (Err(error), Fault::Json(_)) => matches!(error, OpenIdError::Provider(_)),
                _ => false,
            };
            assert!(fits, "{path} {fault:?}: {refused:?}");
            assert_eq!(party.provider.asked("/elsewhere"), 0);
        }
    }
}

#[tokio::test]
async fn a_provider_that_failed_is_spared_for_a_moment() {
    let party = Party::new().await;
    party.provider.change(|behaviour| {
        behaviour.faults.insert(DISCOVERY, Fault::Status(503));
    });
    assert!(matches!(party.begin().await, Err(OpenIdError::Provider(_))));
    for _ in 0..5 {
        assert!(matches!(party.begin().await, Err(OpenIdError::Failing)));
    }
    assert_eq!(party.provider.asked(DISCOVERY), 1);
    party.provider.has("subject-1");
    party.clock.advance(Duration::from_secs(5));
    assert!(party.sign_in().await.is_ok());
}

#[test]
fn what_a_browser_holds_is_looked_at_before_it_is_used() {
    assert!(Attempt::parse("x").is_none());
    let secret = Secret::new("a".repeat(43));
    let attempt = Attempt::parse(secret.expose()).unwrap();
    assert!(!format!("{attempt:?}").contains("aaa"));
}
