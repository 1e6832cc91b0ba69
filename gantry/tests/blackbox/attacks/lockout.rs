//! Guessing passwords: by spelling the address otherwise, and to throw somebody out.

use gantry_testkit::{Client, Engine, both_engines};
use serde_json::{Value, json};

use super::{PASSWORD, PATIENCE, World, try_log_in};

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
        // A stolen session is no way to more guesses: it has a count of its own.
        let change = |current: &str| json!({"current_password": current, "new_password": PASSWORD});
        for _ in 0..5 {
            browser.put("/api/v1/me/password").json(&change("wrong-guess")).await.problem(422, "invalid_request").done();
        }
        browser.put("/api/v1/me/password").json(&change(&owner.password)).await.problem(429, "account_locked").done();
        // And none of that keeps the person from changing the password where they are signed in.
        owner.client.put("/api/v1/me/password").json(&change(&owner.password)).await.expect(204).done();
    }

    async fn a_browser_that_signed_in_before_is_not_locked_out(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let browser = owner.browser().await;
        let device = browser.cookie("__Host-gantry_device").expect("a device cookie");
        for number in 0..6 {
            try_log_in(&world.client(), &owner.email, &format!("wrong-guess-number-{number}")).await.done();
        }
        try_log_in(&world.client(), &owner.email, &owner.password).await.problem(429, "account_locked").done();
        let another = world.owner("south").await.browser().await;
        for (cookie, status) in [(device.as_str(), 201), (&another.cookie("__Host-gantry_device").unwrap(), 429)] {
            let body = json!({"email": owner.email, "password": owner.password});
            let answer = world.client().post("/api/v1/auth/sessions")
                .header("cookie", &format!("__Host-gantry_device={cookie}")).json(&body).await;
            assert_eq!(answer.status(), status, "{answer}");
        }
        // The link in the mail lets the others in too.
        let mail = world.mail.wait_mail(&owner.email, "Failed log-ins to your account", PATIENCE).await;
        let token = mail.link("/unlock#token=").split_once("#token=").unwrap().1.to_owned();
        world.client().post("/api/v1/auth/unlocks").json(&json!({"token": token})).await.expect(204).done();
        try_log_in(&world.client(), &owner.email, &owner.password).await.expect(201).done();
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

#[tokio::test]
async fn a_password_is_taken_exactly_as_it_came() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let client = world.client();
    let spaced = " Caf\u{e9} au lait, s'il vous pla\u{ee}t ";
    let prose = "seven herons wait below the copper bridge until the ferryman has counted his lamps, and then each of them \
                 takes a different road to the marsh";
    let long: String = prose.chars().take(128).collect();
    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        let call = owner.client.put("/api/v1/me/password").json(&body);
        call.await.expect(204).done();
    };
    let only = async |exact: &str, others: &[&str]| {
        for other in others {
            let answer = try_log_in(&client, &owner.email, other).await;
            answer.problem(401, "invalid_credentials").done();
            // Each success forgets the failure before it.
            try_log_in(&client, &owner.email, exact)
                .await
                .expect(201)
                .done();
        }
    };
    change(&owner.password, spaced).await;
    let decomposed = spaced.replace('\u{e9}', "e\u{301}");
    let folded = [spaced.to_lowercase(), spaced.to_uppercase(), decomposed];
    only(
        spaced,
        &[spaced.trim(), spaced.trim_start(), spaced.trim_end()],
    )
    .await;
    only(spaced, &folded.each_ref().map(String::as_str)).await;
    // Neither is it cut, where bcrypt would (72 bytes) or before its end.
    change(spaced, &long).await;
    only(&long, &[&long[..72], &long[..127]]).await;
}
