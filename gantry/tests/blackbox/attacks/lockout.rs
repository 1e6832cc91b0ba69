//! Guessing passwords: by spelling the address otherwise, and to throw somebody out.

use gantry_testkit::{Client, Engine, both_engines};
use serde_json::{Value, json};

use super::{PASSWORD, World, try_log_in};

/// Ways to write `north@example.com`.
const SPELLINGS: [&str; 8] = [
    "north@example.com",
    "NORTH@EXAMPLE.COM",
    "  north@example.com\t",
    "North@Example.com",
    "ｎｏｒｔｈ@example.com",
    "north@ｅxample.com",
    "north@example。com",
    "nor\u{FF54}h@example.com\u{3000}",
];

async fn audit(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).await.expect(200).value()["items"]
        .as_array()
        .unwrap()
        .clone()
}

both_engines! {
    async fn another_spelling_is_the_same_account_and_the_same_lock(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let browser = owner.browser().await;
        for (number, email) in SPELLINGS.iter().enumerate().take(5) {
            let answer = try_log_in(&world.client(), email, &format!("wrong-guess-number-{number}")).await;
            answer.problem(401, "invalid_credentials").done();
        }
        for email in SPELLINGS {
            let answer = try_log_in(&world.client(), email, &owner.password).await.problem(429, "account_locked");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
        }
        // What is not the same mailbox is refused as no address at all.
        for email in ["north\u{200B}@example.com", "north@example.com\0", "n\u{0585}rth @example.com", "north@example.com,x@example.com"] {
            let answer = try_log_in(&world.client(), email, &owner.password).await;
            answer.problem(422, "invalid_request").done();
        }
        // The one who is locked out for a while keeps what is open, in full.
        owner.client.get("/api/v1/me").await.expect(200).done();
        let body = json!({"refresh_token": owner.refresh_token});
        world.client().post("/api/v1/auth/tokens/refresh").json(&body).await.expect(200).done();
        browser.post(&owner.path("/spaces/branches")).json(&json!({"code": "A", "name": "A"})).await.expect(201).done();
        let me = browser.get("/api/v1/me").await.expect(200).value();
        assert!(me.to_string().contains(&owner.email), "{me}");
        // The lock is on the name; others sign in meanwhile, from the same address.
        world.owner("south").await;
        // A stolen session is no way around it.
        let change = json!({"current_password": owner.password, "new_password": PASSWORD});
        owner.client.put("/api/v1/me/password").json(&change).await.problem(429, "account_locked").done();
    }

    async fn one_account_per_mailbox_whatever_the_spelling(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        for email in SPELLINGS {
            let mut body = owner.sign_up_body();
            body["email"] = json!(email);
            body["password"] = json!(PASSWORD);
            world.client().post("/api/v1/auth/sign-ups").json(&body).await.expect(202).done();
        }
        try_log_in(&world.client(), &owner.email, PASSWORD).await.problem(401, "invalid_credentials").done();
        try_log_in(&world.client(), &owner.email, &owner.password).await.expect(201).done();
        let members = audit(&owner.client, &owner.path("/identity/members")).await;
        assert_eq!(members.len(), 1);
    }
}

#[tokio::test]
async fn guesses_at_once_do_not_get_past_the_count() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let client = world.client();
    let guesses = (0..24).map(|number| {
        let (client, email) = (client.clone(), owner.email.clone());
        async move {
            try_log_in(&client, &email, &format!("wrong-guess-number-{number}"))
                .await
                .status()
        }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert!(
        statuses
            .iter()
            .all(|status| [401, 429, 503].contains(status)),
        "{statuses:?}"
    );
    // Those under way when the fifth failed were looked at before; the right password is refused now all the same.
    try_log_in(&client, &owner.email, &owner.password)
        .await
        .problem(429, "account_locked")
        .done();
}

#[tokio::test]
async fn per_account_and_per_address_limits_hold_by_themselves() {
    let env = [
        ("GANTRY_IDENTITY__LOG_IN_PER_ACCOUNT", "10/15m"),
        ("GANTRY_IDENTITY__FAILED_LOG_IN_PER_ADDRESS", "6/15m"),
        ("GANTRY_IDENTITY__RESET_PER_ACCOUNT", "3/1h"),
    ];
    let world = World::with(Engine::Sqlite, &env).await;
    let owner = world.owner("north").await;
    let client = world.client();
    // One guess at each of many accounts counts against the address.
    for number in 0..6 {
        let answer = try_log_in(
            &client,
            &format!("person-{number}@example.com"),
            "wrong-guess-number",
        )
        .await;
        answer.problem(401, "invalid_credentials").done();
    }
    try_log_in(&client, "person-7@example.com", "wrong-guess-number")
        .await
        .problem(429, "rate_limited")
        .done();
    // Mails that anybody can cause are counted by mailbox, whatever its spelling.
    for (number, email) in SPELLINGS.iter().enumerate() {
        let answer = client
            .post("/api/v1/auth/password-resets")
            .json(&json!({"email": email}))
            .await;
        assert_eq!(
            answer.status(),
            if number < 3 { 202 } else { 429 },
            "{answer}"
        );
    }
    owner.client.get("/api/v1/me").await.expect(200).done();
}
