//! Which passwords are accepted, and how strength is shown.

use gantry_http::Quota;
use gantry_kernel::Period;
use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

fn weakness(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("pointer"), text("code"))
}

async fn rate(app: &App, body: Value) -> Answer {
    app.send(
        Ask::post("/api/v1/auth/password-strength")
            .json(body)
            .from("192.0.2.7"),
    )
    .await
}

both_engines! {
    async fn weak_passwords_are_refused_wherever_one_is_set(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "Lotus Reading Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        app.send(Ask::post("/api/v1/auth/password-resets").json(json!({ "email": "owner@example.com" }))).await;
        let token = app.token("owner@example.com").await;
        let before = app.identity.hashes();
        for (password, code) in [
            ("elevenchars", "too_short"),
            ("abababababab", "repetitive"),
            ("SonyEricsson2026", "common"),
            ("lotusreading26", "guessable"),
            ("gantrygantry12", "guessable"),
            ("Password12345!", "predictable"),
        ] {
            let sign_up = json!({
                "email": "new@example.com", "password": password, "name": "New Person",
                "workspace_name": "Lotus Reading Hall",
            });
            let answer = app.send(Ask::post("/api/v1/auth/sign-ups").json(sign_up)).await;
            assert_eq!(weakness(&answer), (422, "/password".into(), code.into()), "{password}");
            let change = json!({ "current_password": PASSWORD, "new_password": password });
            let answer = app.send(Ask::put("/api/v1/me/password").bearer(&access).json(change)).await;
            assert_eq!(weakness(&answer), (422, "/new_password".into(), code.into()), "{password}");
            let reset = json!({ "token": token, "password": password });
            let answer = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(reset)).await;
            assert_eq!(weakness(&answer), (422, "/password".into(), code.into()), "{password}");
            assert!(!answer.json.to_string().contains(password), "it is not repeated");
        }
        assert_eq!(app.identity.hashes(), before, "what is refused is not hashed");
    }

    /// The operator's list of breached passwords, as one file and as a folder of ranges.
    async fn a_breached_password_is_refused(engine: Engine) {
        let folder = std::env::temp_dir().join(format!("gantry-breached-{}-{engine:?}", std::process::id()));
        std::fs::create_dir_all(folder.join("ranges")).unwrap();
        // SHA-1 of "seven tin kettles sing".
        let sum = "6D8FCA683E033C89CD4F3CA09DB8D4A5CFA94DDE";
        let file = folder.join("all.txt");
        std::fs::write(&file, format!("{}:1\r\n{sum}:42\r\n{}:7\r\n", "0".repeat(40), "F".repeat(40))).unwrap();
        std::fs::write(folder.join("ranges/00000.txt"), "").unwrap();
        let (prefix, rest) = sum.split_at(5);
        std::fs::write(folder.join(format!("ranges/{prefix}.txt")), format!("{rest}:42\r\n")).unwrap();
        for list in [file, folder.join("ranges")] {
            let app = App::with(engine, |config| config.breached_passwords = Some(list)).await;
            let sign_up = |password: &str| Ask::post("/api/v1/auth/sign-ups").json(json!({
                "email": "new@example.com", "password": password, "name": "New Person", "workspace_name": "North Hall",
            }));
            let refused = app.send(sign_up("seven tin kettles sing")).await;
            assert_eq!(weakness(&refused), (422, "/password".into(), "breached".into()));
            let shown = rate(&app, json!({ "password": "seven tin kettles sing" })).await;
            assert_eq!(shown.json["problems"], json!(["breached"]), "{:?}", shown.json);
            // Of a folder, this one's range is missing: nobody is kept from choosing a password by that.
            assert_eq!(app.send(sign_up(PASSWORD)).await.status, 202);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    async fn strength_is_shown_and_nothing_is_kept(engine: Engine) {
        let app = App::new(engine).await;
        let good = rate(&app, json!({ "password": "nine brass lamps burn", "hints": ["owner@example.com"] })).await;
        assert_eq!(good.status, 200, "{:?}", good.json);
        assert_eq!((&good.json["score"], &good.json["acceptable"]), (&json!(4), &json!(true)));
        assert_eq!(good.json["problems"], json!([]));
        let weak = rate(&app, json!({ "password": "Password12345!" })).await.json;
        assert_eq!((&weak["acceptable"], &weak["problems"]), (&json!(false), &json!(["predictable"])));
        assert!(weak["score"].as_u64().unwrap() < 3 && weak["warning"].is_string(), "{weak}");
        let mine = rate(&app, json!({ "password": "northhall2026", "hints": ["North Hall"] })).await.json;
        assert_eq!(mine["problems"], json!(["guessable"]));
        for (password, problem) in [(String::new(), "too_short"), ("x y".repeat(43), "too_long")] {
            let rating = rate(&app, json!({ "password": password })).await.json;
            assert_eq!(rating["problems"], json!([problem]));
            assert!(rating["guesses_log10"].as_f64().unwrap() >= 0.0);
        }
        let crowd: Vec<String> = (0..11).map(|number| format!("hint {number}")).collect();
        assert_eq!(rate(&app, json!({ "password": "x", "hints": crowd })).await.status, 422);
        assert_eq!(rate(&app, json!({ "password": "x".repeat(20_000) })).await.status, 413);
        assert_eq!(app.count(gantry_db::sql!("select count(*) from audit")).await, 0);
        assert_eq!(app.identity.hashes(), 0);
    }
}

#[tokio::test]
async fn asking_for_strength_is_limited() {
    let app = App::with(Engine::Sqlite, |config| {
        config.strength_per_address = Quota::new(2, Period::minutes(1));
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(rate(&app, json!({ "password": "x" })).await.status);
    }
    assert_eq!(seen, [200, 200, 429]);
}

#[tokio::test]
async fn the_least_strength_is_a_setting() {
    let app = App::with(Engine::Sqlite, |config| config.password_strength = 0).await;
    let rating = rate(&app, json!({ "password": "Password12345!" }))
        .await
        .json;
    assert_eq!(rating["acceptable"], json!(true));
}
