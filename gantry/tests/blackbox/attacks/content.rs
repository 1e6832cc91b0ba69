//! Text that somebody else's browser or spreadsheet might run.

use gantry_testkit::{Answer, Client, Engine, Owner, eventually};
use serde_json::json;

use super::{PATIENCE, World, escaped, open_branch, student};

const EVIL: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)//{{7*7}}${7*7}",
    "</title><svg/onload=alert(1)>",
];

/// Whatever is in it, a browser shows this as nothing but data.
fn assert_inert(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    let data = [
        "application/json",
        "application/problem+json",
        "text/csv; charset=utf-8",
    ];
    assert!(kind.is_empty() || data.contains(&kind), "{answer}");
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{answer}"
    );
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{answer}"
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{answer}");
}

#[tokio::test]
async fn stored_markup_comes_back_as_data() {
    let world = World::open(Engine::Sqlite).await;
    let mut owner = Owner::new(&world.client(), "north");
    EVIL[0].clone_into(&mut owner.name);
    owner.sign_up().await;
    owner.confirm(&world.mail).await;
    owner.log_in().await;
    owner.wait_active().await;
    let branch = open_branch(&owner, "A").await;
    for (number, evil) in EVIL.iter().enumerate() {
        let fields =
            json!({"code": format!("B{number}"), "name": evil, "city": evil, "address": evil});
        let made = owner
            .client
            .post(&owner.path("/spaces/branches"))
            .json(&fields)
            .await
            .expect(201);
        assert_inert(&made);
        for field in ["name", "city", "address"] {
            assert_eq!(made.value()[field], *evil);
        }
        let mut fields = student(&branch, evil, &format!("+91900000000{number}"));
        fields["notes"] = json!(evil);
        fields["guardian_name"] = json!(evil);
        let made = owner
            .client
            .post(&owner.path("/spaces/students"))
            .json(&fields)
            .await
            .expect(201);
        assert_eq!(made.value()["notes"], *evil);
        let upload = owner.path(&format!(
            "/spaces/imports?file_name={}",
            escaped(evil.as_bytes())
        ));
        let file = format!(
            "\"{0}\",name,phone\n\"{0}\",\"{0}\",\"{0}\"\n",
            evil.replace('"', "\"\"")
        );
        let import = owner
            .client
            .post(&upload)
            .body("text/html", file)
            .await
            .expect(201);
        assert_inert(&import);
        let import = owner.path(&format!("/spaces/imports/{}", import.text_at("/id")));
        run(&owner, &import).await;
        for path in [
            format!("{import}/rows"),
            format!("{import}/errors.csv"),
            import,
        ] {
            assert_inert(
                &owner
                    .client
                    .get(&path)
                    .header("accept", "text/html, */*")
                    .await
                    .expect(200),
            );
        }
        let name = json!({"name": evil});
        let etag = owner.client.get(&owner.path("")).await.expect(200).etag();
        assert_inert(
            &owner
                .client
                .patch(&owner.path(""))
                .if_match(&etag)
                .json(&name)
                .await
                .expect(200),
        );
        // What is refused is told about without being shown as anything but data either.
        let role = json!({"email": "a@example.com", "role": evil});
        assert_inert(
            &owner
                .client
                .post(&owner.path("/identity/invitations"))
                .json(&role)
                .await
                .expect(422),
        );
        let query = owner.path(&format!(
            "/spaces/students?{0}={0}",
            escaped(evil.as_bytes())
        ));
        assert_inert(&owner.client.get(&query).await.expect(422));
    }
    for path in [
        "/spaces/branches",
        "/spaces/students",
        "/spaces/imports",
        "/identity/members",
        "/identity/audit",
        "",
    ] {
        assert_inert(&owner.client.get(&owner.path(path)).await.expect(200));
    }
    let export = owner
        .client
        .get(&owner.path("/spaces/students/export.csv"))
        .await
        .expect(200);
    assert_inert(&export);
    assert!(
        export
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let agent = EVIL[0];
    let body = json!({"email": owner.email, "password": owner.password});
    world
        .client()
        .post("/api/v1/auth/sessions")
        .header("user-agent", agent)
        .json(&body)
        .await
        .expect(201)
        .done();
    let sessions = owner.client.get("/api/v1/me/sessions").await.expect(200);
    assert_eq!(sessions.value()["items"][0]["user_agent"], agent);
    assert_inert(&sessions);
    assert_inert(&owner.client.get("/api/v1/me").await.expect(200));
}

async fn run(owner: &Owner, import: &str) {
    owner
        .client
        .post(&format!("{import}/run"))
        .await
        .expect(202)
        .done();
    eventually("the end of the import", PATIENCE, async || {
        let import = owner.client.get(import).await.expect(200).value();
        if import["state"] == "done" {
            Ok(())
        } else {
            Err(import.to_string())
        }
    })
    .await;
}

#[tokio::test]
async fn the_servers_own_pages_reflect_nothing() {
    let world = World::open(Engine::Sqlite).await;
    let page =
        async |client: &Client, path: &str| client.get(path).header("accept", "text/html").await;
    let client = world.client();
    for evil in EVIL {
        let evil = escaped(evil.as_bytes());
        for path in [
            format!("/errors/{evil}"),
            format!("/errors/not_found?x={evil}"),
            format!("/api/docs?x={evil}"),
            format!("/{evil}"),
        ] {
            let answer = page(&client, &path).await;
            let kind = answer.header("content-type").unwrap_or_default().to_owned();
            if kind.starts_with("text/html") {
                assert!(!answer.text().contains("alert(1)"), "{answer}");
            } else {
                assert_inert(&answer);
            }
        }
    }
    for path in ["/api/docs", "/errors/not_found"] {
        let answer = page(&client, path).await.expect(200);
        let text = answer.text().to_lowercase();
        assert!(
            !text.contains("<script") && !text.contains(" on") || !text.contains("onload"),
            "{path} has script"
        );
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn exports_hold_no_formulas() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let branch = open_branch(&owner, "A").await;
    let formulas = [
        "=HYPERLINK(\"http://evil.example.com\",\"x\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3a",
        "@SUM(1+1)a",
        "'=1+1a",
        "\u{FF1D}1+1a",
        "=a\",\"=b",
        "=a;=b",
        "|a",
        "%0A=1a",
        "=1\u{2028}a",
    ];
    for (number, formula) in formulas.iter().enumerate() {
        let mut body = student(&branch, formula, &format!("+9190000000{number:02}"));
        for field in ["guardian_name", "notes"] {
            body[field] = json!(formula);
        }
        owner
            .client
            .post(&owner.path("/spaces/students"))
            .json(&body)
            .await
            .expect(201)
            .done();
    }
    let mut tabbed = student(&branch, "Tab Example", "+919000000099");
    tabbed["notes"] = json!("x\n=1+1");
    owner
        .client
        .post(&owner.path("/spaces/students"))
        .json(&tabbed)
        .await
        .expect(201)
        .done();
    let export = owner
        .client
        .get(&owner.path("/spaces/students/export.csv"))
        .await
        .expect(200)
        .text();
    assert_no_formula(&export);
    for formula in formulas {
        let inner = formula.replace('"', "\"\"");
        assert!(
            export.contains(&inner),
            "{formula} was lost, not guarded\n{export}"
        );
    }

    // The rejected rows of somebody's file, headers included, go back to a spreadsheet as well.
    let file = "=cmd|'/C calc'!A0,name,phone,@evil\n=1+1,=2+2,=3+3,+4\n-5,\"\t=6\",\"\r=7\",@8\n";
    let import = owner
        .client
        .post(&owner.path("/spaces/imports"))
        .body("text/csv", file)
        .await
        .expect(201);
    let import = owner.path(&format!("/spaces/imports/{}", import.text_at("/id")));
    run(&owner, &import).await;
    let errors = owner
        .client
        .get(&format!("{import}/errors.csv"))
        .await
        .expect(200)
        .text();
    assert!(errors.contains("2+2"), "{errors}");
    assert_no_formula(&errors);
}

/// No cell begins with what a spreadsheet would run; each is quoted, so that none begins inside another.
fn assert_no_formula(csv: &str) {
    let text = csv.trim_start_matches('\u{FEFF}');
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let cell = cells.last_mut().unwrap();
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                cell.push(characters.next().unwrap());
            }
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(String::new()),
            '\r' if !quoted => {}
            _ => {
                assert!(quoted, "{c:?} stands outside of quotes in\n{csv}");
                cell.push(c);
            }
        }
    }
    for cell in cells {
        let runs = cell.starts_with([
            '=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
        ]);
        assert!(!runs, "{cell:?} in\n{csv}");
    }
}
