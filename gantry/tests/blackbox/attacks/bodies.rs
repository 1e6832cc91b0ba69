//! Bodies that are too large, too deep, compressed, not text, or not what they say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_testkit::{Answer, Engine, Owner, both_engines};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, World, open_branch, statuses, student};

const SESSIONS: &str = "/api/v1/auth/sessions";

#[tokio::test]
async fn oversized_and_deeply_nested_bodies_are_refused() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let client = world.client();
    let send = |body: Vec<u8>| client.post(SESSIONS).body("application/json", body);
    let padded = |size: usize| format!("{{\"email\":\"{}\"}}", "a".repeat(size)).into_bytes();
    send(padded(2 * 1024 * 1024))
        .await
        .problem(413, "body_too_large")
        .done();
    let chunks = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000)).repeat(20);
    let unannounced = format!(
        "POST {SESSIONS} HTTP/1.1\r\nHost: gantry\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    let answer = world.raw(unannounced).await;
    assert!(
        statuses(&answer).iter().all(|code| *code == 413),
        "{answer}"
    );
    // Up to a megabyte is read here.
    let students = owner.path("/spaces/students");
    let write = |body: Vec<u8>| owner.client.post(&students).body("application/json", body);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [33, 100, 1_000, 100_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            write(deep.into_bytes())
                .await
                .problem(422, "json_too_deep")
                .done();
            let unclosed = open.repeat(depth);
            write(unclosed.into_bytes())
                .await
                .problem(422, "json_too_deep")
                .done();
        }
    }
    let many = format!(
        "{{{}}}",
        (0..50_000)
            .map(|n| format!("\"k{n}\":1"))
            .collect::<Vec<_>>()
            .join(",")
    );
    write(many.into_bytes())
        .await
        .problem(422, "invalid_request")
        .done();
    let long_number = format!("{{\"email\":{}}}", "9".repeat(500_000));
    write(long_number.into_bytes())
        .await
        .problem(400, "malformed_json")
        .done();
    let import = owner.path("/spaces/imports");
    let big = vec![b'a'; 20 * 1024 * 1024 + 1];
    if let Ok(answer) = owner
        .client
        .post(&import)
        .body("text/csv", big)
        .send()
        .await
    {
        answer.problem(413, "body_too_large").done();
    }
    let password = "p".repeat(10_000);
    let body = json!({"email": owner.email, "password": password});
    client
        .post(SESSIONS)
        .json(&body)
        .await
        .problem(401, "invalid_credentials")
        .done();
    client.get("/healthz").await.expect(200).done();
}

#[tokio::test]
async fn compressed_bodies_are_refused_unread() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    // A kilobyte of gzip that says it is a gigabyte would look like this to whoever expands it.
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 1_000]].concat();
    for encoding in [
        "gzip",
        "br",
        "deflate",
        "zstd",
        "compress",
        "gzip, gzip",
        "identity, gzip",
        "GZIP",
        "x",
    ] {
        for (path, kind) in [
            (SESSIONS.to_owned(), "application/json"),
            (owner.path("/spaces/imports"), "text/csv"),
        ] {
            let call = owner
                .client
                .post(&path)
                .header("content-encoding", encoding)
                .body(kind, gzip.clone());
            call.await.problem(415, "unsupported_encoding").done();
        }
    }
    // Compressed files are no tables either, whatever they are called.
    for magic in [&gzip[..], b"PK\x03\x04aaaaaaaaaaaaaaaa"] {
        let answer = owner
            .client
            .post(&owner.path("/spaces/imports"))
            .body("text/csv", magic.to_vec())
            .await;
        answer.problem(422, "file_unreadable").done();
    }
}

#[tokio::test]
async fn what_is_not_json_in_utf8_is_not_read_as_it() {
    let world = World::open(Engine::Sqlite).await;
    let client = world.client();
    let sound = r#"{"email":"a@example.com","password":"not-the-password"}"#;
    let utf16: Vec<u8> = sound.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let malformed: [Vec<u8>; 12] = [
        b"".to_vec(),
        b"{".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"email\":\"\xff\xfe\"}".to_vec(),
        b"{\"email\":\"\\ud800\"}".to_vec(),
        b"{\"email\":\"a\0b\"}".to_vec(),
        b"{\"email\":\"a\nb\"}".to_vec(),
        b"{'email':'a'}".to_vec(),
        b"{\"email\":NaN}".to_vec(),
        format!("{sound}{sound}").into_bytes(),
        format!("{sound},").into_bytes(),
        utf16.clone(),
    ];
    for body in malformed {
        let answer = client
            .post(SESSIONS)
            .body("application/json", body.clone())
            .await;
        let code = answer.problem_code().unwrap_or_default();
        assert!(
            [400, 422].contains(&answer.status()) && !code.is_empty(),
            "{}: {answer}",
            String::from_utf8_lossy(&body)
        );
    }
    for kind in [
        "text/json",
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonx",
        "*/*",
        "",
    ] {
        let answer = client.post(SESSIONS).body(kind, sound).await;
        answer.problem(415, "unsupported_media_type").done();
    }
    client
        .post(SESSIONS)
        .body("application/json; charset=UTF-8", sound)
        .await
        .problem(401, "invalid_credentials")
        .done();
}

/// Every text that a caller can give, with `evil` in its place.
fn texts(owner: &Owner, branch: &str, evil: &str) -> Vec<(Method, String, Value)> {
    let mut all = Vec::new();
    let mut each = |method: Method, path: &str, sound: &Value| {
        for name in sound
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| sound[*name].is_string())
        {
            let mut body = sound.clone();
            body[name] = json!(evil);
            all.push((method.clone(), path.to_owned(), body));
        }
    };
    each(Method::POST, "/api/v1/auth/sign-ups", &owner.sign_up_body());
    each(
        Method::POST,
        SESSIONS,
        &json!({"email": owner.email, "password": PASSWORD, "mode": "token"}),
    );
    for path in ["verifications", "invitations/inspect"] {
        each(
            Method::POST,
            &format!("/api/v1/auth/{path}"),
            &json!({"token": "t"}),
        );
    }
    for path in ["verifications/resend", "password-resets"] {
        each(
            Method::POST,
            &format!("/api/v1/auth/{path}"),
            &json!({"email": owner.email}),
        );
    }
    each(
        Method::POST,
        "/api/v1/auth/tokens/refresh",
        &json!({"refresh_token": "t"}),
    );
    each(
        Method::POST,
        "/api/v1/auth/password-resets/confirm",
        &json!({"token": "t", "password": PASSWORD}),
    );
    let acceptance = json!({"token": "t", "name": "Some Body", "password": PASSWORD});
    each(Method::POST, "/api/v1/auth/invitations/accept", &acceptance);
    let set_up =
        json!({"token": "t", "email": "a@example.com", "name": "Some Body", "password": PASSWORD});
    each(Method::POST, "/api/v1/auth/set-up", &set_up);
    each(
        Method::POST,
        "/api/v1/me/invitations/accept",
        &json!({"token": "t"}),
    );
    each(
        Method::PUT,
        "/api/v1/me/password",
        &json!({"current_password": PASSWORD, "new_password": PASSWORD}),
    );
    each(Method::PATCH, &owner.path(""), &json!({"name": "Hall"}));
    let invitation = json!({"email": "b@example.com", "role": "member", "scope": "all"});
    each(
        Method::POST,
        &owner.path("/identity/invitations"),
        &invitation,
    );
    let fields =
        json!({"code": "B", "name": "B", "city": "C", "address": "D", "time_zone": "Asia/Kolkata"});
    each(Method::POST, &owner.path("/spaces/branches"), &fields);
    each(
        Method::PATCH,
        &owner.path(&format!("/spaces/branches/{branch}")),
        &fields,
    );
    let fields = json!({
        "branch_id": branch, "code": "S-1", "name": "Ada Example", "phone": "+919000000009", "email": "c@example.com",
        "guardian_name": "Bea Example", "guardian_phone": "+919000000008", "date_of_birth": "2010-01-01",
        "gender": "female", "joined_on": "2026-01-01", "status": "active", "notes": "n",
    });
    each(Method::POST, &owner.path("/spaces/students"), &fields);
    all
}

both_engines! {
    async fn no_text_with_a_nul_or_control_character_is_stored_or_breaks_anything(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "A").await;
        for evil in ["a\0b", "\0", "a\u{1b}[31mb", "a\u{7f}b", "a\u{202e}b", "\u{feff}"] {
            for (method, path, body) in texts(&owner, &branch, evil) {
                let answer = owner.client.call(method.clone(), &path).if_match("\"v1\"").json(&body).await;
                // A token is only ever hashed, and a password may hold anything.
                assert!((400..500).contains(&answer.status()) || path.ends_with("/sign-ups") || body["notes"] == evil,
                    "{method} {path} {body}: {answer}");
                assert!(answer.status() < 500, "{method} {path} {body}: {answer}");
            }
        }
        for evil in ["name\0,phone\nAda,9000000001", "name,phone\nA\0da,9000\x0100001\n\0,\0\n", "\0\0\0\0", "name,phone\n\u{feff},\u{202e}"] {
            let upload = owner.path(&format!("/spaces/imports?default_branch={branch}"));
            let answer = owner.client.post(&upload).body("text/csv", evil).await;
            assert!([201, 422].contains(&answer.status()), "{answer}");
            if answer.status() == 201 {
                run_to_its_end(&owner, &answer).await;
            }
        }
        let students = owner.client.get(&owner.path("/spaces/students")).await.expect(200).text();
        assert!(!students.contains("\\u0000") && !students.contains("\\u001b"), "{students}");
    }

    async fn foreign_and_forged_page_tokens_are_refused(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let other = world.owner("south").await;
        let branch = open_branch(&owner, "A").await;
        for number in 0..3 {
            let body = student(&branch, &format!("Ada Number{number}"), &format!("+91900000000{number}"));
            owner.client.post(&owner.path("/spaces/students")).json(&body).await.expect(201).done();
        }
        open_branch(&owner, "B").await;
        let list = |owner: &Owner, query: &str| owner.client.get(&owner.path(&format!("/spaces/students?{query}")));
        let token = list(&owner, "page_size=1").await.expect(200).text_at("/next_page_token");
        list(&owner, &format!("page_size=1&page_token={token}")).await.expect(200).done();

        let refuse = |answer: Answer| answer.problem(422, "page_token_invalid").done();
        refuse(list(&other, &format!("page_token={token}")).await);
        refuse(list(&owner, &format!("page_token={token}&status=left")).await);
        refuse(list(&owner, &format!("page_token={token}&order_by=code")).await);
        for path in ["/spaces/branches", "/spaces/imports", "/identity/members", "/identity/invitations", "/identity/audit"] {
            refuse(owner.client.get(&owner.path(&format!("{path}?page_token={token}"))).await);
        }
        let genuine: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&token).unwrap()).unwrap();
        let mut forged = vec![
            "x".to_owned(), "%00".to_owned(), "e30".to_owned(), "bnVsbA".to_owned(), "a".repeat(3_000), format!("{token}A"),
            URL_SAFE_NO_PAD.encode("[".repeat(1_500)),
        ];
        let cursors = [
            json!(null), json!([]), json!({}), json!("x"), json!(["\0", "\0"]), json!(["a\0", genuine["c"][1]]),
            json!([genuine["c"][0], "x"]), json!(["' or 1=1 --", genuine["c"][1]]), json!(i64::MAX), json!([i64::MIN, i64::MAX]),
        ];
        forged.extend(cursors.iter().map(|cursor| {
            let mut token = genuine.clone();
            token["c"] = cursor.clone();
            URL_SAFE_NO_PAD.encode(token.to_string())
        }));
        for token in forged {
            let answer = list(&owner, &format!("page_token={token}")).await;
            assert!(answer.status() < 500, "{answer}");
        }
        for query in ["page_size=-1", "page_size=0", "page_size=99999999999", "page_size=100"] {
            let page = list(&owner, query).await.expect(200).value();
            assert!(page["items"].as_array().unwrap().len() <= 3);
        }
    }
}

/// Runs an import whose upload was taken; none of its rows may stop it.
async fn run_to_its_end(owner: &Owner, upload: &Answer) {
    let path = owner.path(&format!("/spaces/imports/{}", upload.text_at("/id")));
    if owner.client.post(&format!("{path}/run")).await.status() != 202 {
        return;
    }
    gantry_testkit::eventually("the end of the import", super::PATIENCE, async || {
        let import = owner.client.get(&path).await.expect(200).value();
        if import["state"] == "done" {
            Ok(())
        } else {
            Err(import.to_string())
        }
    })
    .await;
    owner
        .client
        .get(&format!("{path}/rows"))
        .await
        .expect(200)
        .done();
    owner
        .client
        .get(&format!("{path}/errors.csv"))
        .await
        .expect(200)
        .done();
}
