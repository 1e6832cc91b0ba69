//! Making an account that is more than one's own, and finding out who has one.

use gantry_testkit::{Answer, Client, Engine, Owner};
use serde_json::{Value, json};

use super::{PASSWORD, PATIENCE, World, log_in};

/// What a caller might hope to set about themselves.
fn wishes() -> Vec<(&'static str, Value)> {
    vec![
        ("role", json!("owner")),
        ("roles", json!(["operator"])),
        ("grants", json!([{"role": "owner"}])),
        ("scope", json!("all")),
        ("platform", json!(["tenancy.tenant.read"])),
        ("operator", json!(true)),
        ("is_admin", json!(true)),
        ("id", json!("01890000-0000-7000-8000-000000000000")),
        ("identity", json!("01890000-0000-7000-8000-000000000000")),
        ("tenant", json!("01890000-0000-7000-8000-000000000000")),
        ("tenant_id", json!("01890000-0000-7000-8000-000000000000")),
        ("state", json!("active")),
        ("verified_at", json!("2020-01-01T00:00:00Z")),
        (
            "password_hash",
            json!("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$x"),
        ),
        ("version", json!(99)),
        ("__proto__", json!({"role": "owner"})),
    ]
}

fn with(body: &Value, name: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[name] = value.clone();
    body
}

#[tokio::test]
async fn nobody_signs_up_with_a_role() {
    let world = World::open(Engine::Sqlite).await;
    let mut owner = Owner::new(&world.client(), "north");
    for (name, value) in wishes() {
        let body = with(&owner.sign_up_body(), name, &value);
        world
            .client()
            .post("/api/v1/auth/sign-ups")
            .json(&body)
            .await
            .problem(422, "invalid_request")
            .done();
    }
    let text = owner.sign_up_body().to_string();
    let twice = format!(
        "{},\"email\":\"other@example.com\"}}",
        text.trim_end_matches('}')
    );
    let answer = world
        .client()
        .post("/api/v1/auth/sign-ups")
        .body("application/json", twice)
        .await;
    answer.problem(422, "invalid_request").done();
    assert!(
        world.mail.mails(&owner.email).await.is_empty(),
        "a refused sign-up sent mail"
    );

    owner.sign_up().await;
    owner.confirm(&world.mail).await;
    owner.log_in().await;
    owner.wait_active().await;
    let me = owner.client.get("/api/v1/me").await.expect(200).value();
    assert_eq!(me["memberships"].as_array().unwrap().len(), 1, "{me}");
    for path in [
        "/api/v1/admin/tenants",
        "/api/v1/admin/mails",
        "/api/v1/admin/jobs/dead",
    ] {
        owner
            .client
            .get(path)
            .await
            .problem(403, "permission_missing")
            .done();
    }
    for (name, value) in wishes() {
        let body = with(
            &json!({"email": owner.email, "password": owner.password}),
            name,
            &value,
        );
        world
            .client()
            .post("/api/v1/auth/sessions")
            .json(&body)
            .await
            .problem(422, "invalid_request")
            .done();
        let body = with(&json!({"token": "x"}), name, &value);
        world
            .client()
            .post("/api/v1/auth/verifications")
            .json(&body)
            .await
            .problem(422, "invalid_request")
            .done();
    }
}

#[tokio::test]
async fn nobody_assigns_what_an_invitation_or_a_set_up_does_not_offer() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let token = world
        .invite(&owner, "guest@example.com", &json!({"role": "member"}))
        .await;
    let acceptance = json!({"token": token, "name": "Guest Person", "password": PASSWORD});
    for (name, value) in wishes()
        .into_iter()
        .chain([("email", json!("other@example.com"))])
    {
        let body = with(&acceptance, name, &value);
        let answer = world
            .client()
            .post("/api/v1/auth/invitations/accept")
            .json(&body)
            .await;
        answer.problem(422, "invalid_request").done();
    }
    world
        .client()
        .post("/api/v1/auth/invitations/accept")
        .json(&acceptance)
        .await
        .expect(200)
        .done();
    let guest = log_in(&world.client(), "guest@example.com", PASSWORD).await;
    guest
        .get(&owner.path("/identity/members"))
        .await
        .problem(403, "permission_missing")
        .done();

    let link = world.server.output();
    let token = link
        .split("/set-up#token=")
        .nth(1)
        .expect("a set-up link is printed");
    let token: String = token
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let set_up =
        json!({"token": token, "email": "ops@example.com", "name": "Ops", "password": PASSWORD});
    for (name, value) in wishes() {
        let body = with(&set_up, name, &value);
        world
            .client()
            .post("/api/v1/auth/set-up")
            .json(&body)
            .await
            .problem(422, "invalid_request")
            .done();
    }
    let occupied = with(&set_up, "email", &json!(owner.email));
    world
        .client()
        .post("/api/v1/auth/set-up")
        .json(&occupied)
        .await
        .problem(409, "address_taken")
        .done();
    log_in(&world.client(), &owner.email, &owner.password).await;
    world
        .client()
        .post("/api/v1/auth/set-up")
        .json(&set_up)
        .await
        .expect(201)
        .done();
    let again = with(&set_up, "email", &json!("second@example.com"));
    world
        .client()
        .post("/api/v1/auth/set-up")
        .json(&again)
        .await
        .problem(410, "link_gone")
        .done();

    let branch = super::open_branch(&owner, "A").await;
    let student = super::student(&branch, "Ada Example", "+919000000001");
    let extra = [
        ("import_id", json!(branch)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
    ];
    for (name, value) in wishes()
        .into_iter()
        .filter(|(name, _)| *name != "state")
        .chain(extra)
    {
        let body = with(&student, name, &value);
        let answer = owner
            .client
            .post(&owner.path("/spaces/students"))
            .json(&body)
            .await;
        answer.problem(422, "invalid_request").done();
    }
}

/// Everything a stranger sees of an answer, except what differs between any two.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let own = ["date", "x-request-id", "ratelimit"];
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()));
    let headers = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let mut body = answer.value();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("retry_after");
    }
    (answer.status(), headers, body)
}

/// Asks for a known, an unconfirmed and an unknown address in turn, and compares all that can be seen.
async fn assert_same(client: &Client, path: &str, body: impl Fn(&str) -> Value, emails: [&str; 3]) {
    let mut answers = Vec::new();
    for email in emails {
        answers.push(client.post(path).json(&body(email)).await);
    }
    for answer in &answers[1..] {
        assert_eq!(seen(answer), seen(&answers[0]), "{path}: {answer}");
    }
}

#[tokio::test]
async fn answers_do_not_tell_who_has_an_account() {
    let env = [("GANTRY_IDENTITY__MAIL_COOL_DOWN", "1ms")];
    let world = World::with(Engine::Sqlite, &env).await;
    let known = world.owner("north").await;
    let waiting = Owner::new(&world.client(), "south");
    waiting.sign_up().await;
    let client = world.client();
    let emails = [
        known.email.as_str(),
        waiting.email.as_str(),
        "nobody@example.com",
    ];

    let credentials = |email: &str| json!({"email": email, "password": "not-the-password-at-all"});
    for email in emails {
        // At most four failures each: the fifth locks, which is the next test's.
        client
            .post("/api/v1/auth/sessions")
            .json(&credentials(email))
            .await
            .problem(401, "invalid_credentials")
            .done();
    }
    let mut answers = Vec::new();
    for email in emails {
        for _ in 0..3 {
            let answer = client
                .post("/api/v1/auth/sessions")
                .json(&credentials(email))
                .await;
            answers.push(seen(&answer));
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    // The right password of an account that is not confirmed is a wrong one.
    let early = json!({"email": waiting.email, "password": waiting.password});
    let early = client.post("/api/v1/auth/sessions").json(&early).await;
    assert_eq!(seen(&early), answers[0]);
    for email in emails {
        let locked = client
            .post("/api/v1/auth/sessions")
            .json(&credentials(email))
            .await;
        let locked = if locked.status() == 401 {
            client
                .post("/api/v1/auth/sessions")
                .json(&credentials(email))
                .await
        } else {
            locked
        };
        locked.problem(429, "account_locked").done();
    }

    let address = |email: &str| json!({"email": email});
    assert_same(&client, "/api/v1/auth/password-resets", address, emails).await;
    assert_same(
        &client,
        "/api/v1/auth/verifications/resend",
        address,
        emails,
    )
    .await;
    let sign_up = |email: &str| {
        json!({"email": email, "password": PASSWORD, "name": "Somebody", "workspace_name": "Some Hall",
               "workspace_slug": "some-hall"})
    };
    assert_same(&client, "/api/v1/auth/sign-ups", sign_up, emails).await;
    // A taken name of a workspace is not told either.
    let taken = with(
        &sign_up("third@example.com"),
        "workspace_slug",
        &json!(known.slug),
    );
    let answer = client
        .post("/api/v1/auth/sign-ups")
        .json(&taken)
        .await
        .expect(202);
    assert_eq!(answer.value(), json!({"next": "check_your_mail"}));

    // Nobody's account was touched, and only its owner is told.
    world
        .mail
        .wait_mail(&known.email, "already have an account", PATIENCE)
        .await;
    let me = known.client.get("/api/v1/me").await.expect(200).value();
    assert!(me.to_string().contains(&known.name), "{me}");
}
