//! Around the second factor, over the wire.

use gantry_testkit::{Engine, SecondFactor};
use serde_json::json;

use super::{PASSWORD, World, try_log_in};

const SECOND: &str = "/api/v1/auth/sessions/second-factor";

/// Whoever guesses codes from one place waits before the next log-in, whichever account it is.
#[tokio::test]
async fn wrong_codes_count_against_the_address() {
    let env = [("GANTRY_IDENTITY__FAILED_LOG_IN_PER_ADDRESS", "3/15m")];
    let world = World::with(Engine::Sqlite, &env).await;
    let operator = world.unguarded_operator("ops@example.com").await;
    let factor = SecondFactor::set_up(&operator).await;
    let client = world.client();
    let half = try_log_in(&client, "ops@example.com", PASSWORD).await;
    let challenge = half.expect(202).text_at("/challenge");
    let guess = json!({"challenge": challenge, "recovery_code": "0000-0000-0000-0000"});
    for _ in 0..3 {
        let answer = client.post(SECOND).json(&guess).await;
        answer.problem(401, "second_factor_wrong").done();
    }
    let next = try_log_in(&client, "ops@example.com", PASSWORD).await;
    next.problem(429, "rate_limited").done();
    // Who was here before is not kept out by guesses made since.
    let right = json!({"challenge": challenge, "recovery_code": factor.recovery_code()});
    client.post(SECOND).json(&right).await.expect(201).done();
    operator
        .get("/api/v1/admin/tenants")
        .await
        .expect(200)
        .done();
}

/// The secret of an app, its codes and the recovery codes are in one answer each, and in no line of the log.
#[tokio::test]
async fn factors_are_not_in_the_log() {
    let env = [("GANTRY_LOG__LEVEL", "trace")];
    let world = World::with(Engine::Sqlite, &env).await;
    let operator = world.unguarded_operator("ops@example.com").await;
    let begun = operator.post("/api/v1/me/totp").await.expect(201);
    let factor = SecondFactor::set_up(&operator).await;
    let client = world.client();
    let half = try_log_in(&client, "ops@example.com", PASSWORD)
        .await
        .expect(202);
    let (challenge, paper) = (half.text_at("/challenge"), factor.recovery_code());
    let proof = json!({"challenge": challenge, "recovery_code": paper});
    client.post(SECOND).json(&proof).await.expect(201).done();
    let log = world.server.output();
    assert!(
        log.contains("/api/v1/auth/sessions/second-factor"),
        "the log is there"
    );
    for secret in [begun.text_at("/secret"), challenge, paper] {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}
