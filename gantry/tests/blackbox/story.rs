//! The main job: an owner signs up, confirms by mail, gets a workspace with its own database, invites a colleague,
//! imports a thousand students of whom 37 are wrong in 37 ways, reads and edits them; then the power goes, and comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use gantry_testkit::{Client, Owner, Server, ServerOptions, SmtpSim, both_engines, eventually};
use serde_json::{Value, json};

const SAMPLE: &[u8] = include_bytes!("../../../examples/students.csv");
const PATIENCE: Duration = Duration::from_mins(1);

both_engines! {
    async fn an_owner_goes_from_sign_up_to_a_thousand_students_and_the_power_goes(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let branch = open_branch(&owner, "MAIN").await;

        let colleague = invite(&owner, &mail, "desk@example.com", &branch).await;
        let import = import_sample(&owner, &branch).await;
        assert_eq!(import["total_rows"], 1000);
        assert_eq!(import["accepted_rows"], 963);
        assert_eq!(import["rejected_rows"], 37);
        let rejected = rejected_rows(&owner, &import).await;
        assert_each_is_explained(&rejected);

        let student = first_student(&owner).await;
        let edited = edit(&owner, &student).await;
        assert_eq!(colleague.get(&student_path(&owner, &student)).await.expect(200).value(), edited);
        let before = everything(&owner).await;

        server.kill9();
        server.restart().await;
        let mut again = owner.clone();
        assert_eq!(everything(&again).await, before, "an access token outlives the process, and so does the data");
        again.log_in().await;

        undo(&again, &import).await;
        let left = everything(&again).await;
        assert_eq!(left.students.len(), 1, "an undo keeps the one student somebody edited");
        assert!(left.students.contains(edited["id"].as_str().unwrap()));
        server.stop().await;
    }

    async fn twenty_owners_at_once_each_get_their_own(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = ServerOptions::new(engine)
            .mail(&mail)
            .env("GANTRY_HTTP__LIMITS__SIGN_UP", "1000/1h")
            .start()
            .await;
        let client = server.client();
        let crowd = (0..20).map(|number| {
            let (client, mail) = (client.clone(), &mail);
            async move {
                let owner = Owner::ready(&client, mail, &format!("hall-{number}")).await;
                let branch = open_branch(&owner, "MAIN").await;
                let body = json!({"branch_id": branch, "name": format!("Student {number}"), "phone": "+919000000001"});
                owner.client.post(&owner.path("/spaces/students")).json(&body).await.expect(201).done();
                owner
            }
        });
        let owners = futures_util::future::join_all(crowd).await;

        server.kill9();
        server.restart().await;
        let tenants: BTreeSet<&str> = owners.iter().map(|owner| owner.tenant.as_str()).collect();
        assert_eq!(tenants.len(), 20);
        for (number, owner) in owners.iter().enumerate() {
            let students = owner.client.get(&owner.path("/spaces/students")).await.expect(200).value();
            let names: Vec<&str> = names(&students).collect();
            assert_eq!(names, [format!("Student {number}")]);
            let stranger = &owners[(number + 1) % owners.len()];
            stranger.client.get(&owner.path("/spaces/students")).await.problem(404, "not_found").done();
        }
    }
}

fn names(page: &Value) -> impl Iterator<Item = &str> {
    page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["name"].as_str())
}

async fn open_branch(owner: &Owner, code: &str) -> String {
    let body = json!({"code": code, "name": "Main hall"});
    owner
        .client
        .post(&owner.path("/spaces/branches"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/id")
}

/// Invites somebody to one branch; they follow the mailed link, make an account and sign in.
async fn invite(owner: &Owner, mail: &SmtpSim, email: &str, branch: &str) -> Client {
    let body =
        json!({"email": email, "role": "spaces.manager", "scope": "units", "units": [branch]});
    owner
        .client
        .post(&owner.path("/identity/invitations"))
        .json(&body)
        .await
        .expect(201)
        .done();
    let token = mail.wait_mail(email, "", PATIENCE).await.parameter("token");
    let guest = owner.client.anonymous();
    let password = "slow-train-through-valleys";
    let acceptance = json!({"token": token, "name": "Desk Colleague", "password": password});
    guest
        .post("/api/v1/auth/invitations/accept")
        .json(&acceptance)
        .await
        .expect(200)
        .done();
    let credentials = json!({"email": email, "password": password});
    let session = guest
        .post("/api/v1/auth/sessions")
        .json(&credentials)
        .await
        .expect(201);
    guest.with_bearer(session.text_at("/access_token"))
}

/// Uploads the sample, looks at the dry run, and runs it.
async fn import_sample(owner: &Owner, branch: &str) -> Value {
    let upload = owner.path(&format!(
        "/spaces/imports?default_branch={branch}&file_name=students.csv"
    ));
    let import = owner
        .client
        .post(&upload)
        .body("text/csv", SAMPLE)
        .await
        .expect(201)
        .value();
    let path = import_path(owner, &import);
    owner
        .client
        .post(&format!("{path}/dry-run"))
        .await
        .expect(202)
        .done();
    let checked = until_state(owner, &path, "checked").await;
    assert_eq!(
        (&checked["accepted_rows"], &checked["rejected_rows"]),
        (&json!(963), &json!(37))
    );
    let students = owner
        .client
        .get(&owner.path("/spaces/students"))
        .await
        .expect(200)
        .value();
    assert_eq!(names(&students).count(), 0, "a dry run writes no students");
    owner
        .client
        .post(&format!("{path}/run"))
        .await
        .expect(202)
        .done();
    until_state(owner, &path, "done").await
}

fn import_path(owner: &Owner, import: &Value) -> String {
    owner.path(&format!(
        "/spaces/imports/{}",
        import["id"].as_str().unwrap()
    ))
}

async fn until_state(owner: &Owner, path: &str, state: &str) -> Value {
    eventually(&format!("{path} in state {state}"), PATIENCE, async || {
        let import = owner.client.get(path).await.expect(200).value();
        if import["state"] == state {
            Ok(import)
        } else {
            Err(import.to_string())
        }
    })
    .await
}

async fn rejected_rows(owner: &Owner, import: &Value) -> Vec<Value> {
    let path = format!(
        "{}/rows?outcome=rejected&page_size=100",
        import_path(owner, import)
    );
    let page = owner.client.get(&path).await.expect(200).value();
    page["items"].as_array().unwrap().clone()
}

/// 37 rows, each with a line, a column, a reason and a way out, and no two alike.
fn assert_each_is_explained(rows: &[Value]) {
    assert_eq!(rows.len(), 37);
    let mut kinds = BTreeSet::new();
    for row in rows {
        assert!(row["line"].as_u64().is_some_and(|line| line > 1), "{row}");
        let faults = row["faults"].as_array().unwrap();
        assert!(!faults.is_empty(), "{row}");
        for fault in faults {
            for member in ["code", "reason", "fix"] {
                assert!(
                    fault[member].as_str().is_some_and(|text| !text.is_empty()),
                    "{member} of {row}"
                );
            }
        }
        kinds.insert(
            faults
                .iter()
                .map(|fault| format!("{} {}", fault["code"], fault["reason"]))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(kinds.len(), 37, "37 different ways: {kinds:#?}");
}

async fn first_student(owner: &Owner) -> Value {
    let page = owner
        .client
        .get(&owner.path("/spaces/students?page_size=1&order_by=name"))
        .await
        .expect(200)
        .value();
    page["items"][0].clone()
}

fn student_path(owner: &Owner, student: &Value) -> String {
    owner.path(&format!(
        "/spaces/students/{}",
        student["id"].as_str().unwrap()
    ))
}

/// Edits with the right version, and shows that the old one no longer serves.
async fn edit(owner: &Owner, student: &Value) -> Value {
    let path = student_path(owner, student);
    let etag = owner.client.get(&path).await.expect(200).etag();
    let change = json!({"notes": "sits by the window"});
    owner
        .client
        .patch(&path)
        .json(&change)
        .await
        .problem(428, "if_match_required")
        .done();
    let edited = owner
        .client
        .patch(&path)
        .if_match(&etag)
        .json(&change)
        .await
        .expect(200)
        .value();
    assert_eq!(edited["notes"], "sits by the window");
    owner
        .client
        .patch(&path)
        .if_match(&etag)
        .json(&change)
        .await
        .problem(412, "version_mismatch")
        .done();
    edited
}

async fn undo(owner: &Owner, import: &Value) {
    let path = import_path(owner, import);
    owner
        .client
        .post(&format!("{path}/reversal"))
        .await
        .expect(202)
        .done();
    let undone = until_state(owner, &path, "undone").await;
    assert_eq!(
        (&undone["removed_rows"], &undone["kept_rows"]),
        (&json!(962), &json!(1))
    );
}

/// What an owner can see: enough to notice anything lost or doubled.
#[derive(Debug, PartialEq)]
struct Seen {
    students: BTreeSet<String>,
    members: Value,
    imports: Value,
}

async fn everything(owner: &Owner) -> Seen {
    let mut students = BTreeSet::new();
    let mut token = String::new();
    loop {
        let path = owner.path(&format!(
            "/spaces/students?page_size=100&page_token={token}"
        ));
        let page = owner.client.get(&path).await.expect(200).value();
        for student in page["items"].as_array().unwrap() {
            assert!(
                students.insert(student["id"].as_str().unwrap().to_owned()),
                "a page repeats {student}"
            );
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => break,
        }
    }
    let members = owner
        .client
        .get(&owner.path("/identity/members"))
        .await
        .expect(200)
        .value();
    let imports = owner
        .client
        .get(&owner.path("/spaces/imports"))
        .await
        .expect(200)
        .value();
    Seen {
        students,
        members,
        imports,
    }
}
