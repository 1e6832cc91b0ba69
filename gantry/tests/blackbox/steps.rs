//! What several tests do on their way to what they are about.

use gantry_testkit::{Client, Owner, SecondFactor, Server};
use serde_json::{Value, json};

/// 1,000 rows, of which 963 can be imported.
pub(crate) const SAMPLE: &[u8] = include_bytes!("../../../examples/students.csv");

const OPERATOR_PASSWORD: &str = "slow-train-through-valleys";

/// Opens a branch; the answer is its id.
pub(crate) async fn open_branch(owner: &Owner, code: &str) -> String {
    let body = json!({"code": code, "name": "Main hall"});
    owner
        .client
        .post(&owner.path("/spaces/branches"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/id")
}

/// The body of a new student; `number` makes the phone, which the sample has not.
pub(crate) fn student(branch: &str, name: &str, number: u32) -> Value {
    json!({"branch_id": branch, "name": name, "phone": format!("+9195{number:08}")})
}

/// Every student of the workspace, page by page.
pub(crate) async fn students(client: &Client, slug: &str) -> Vec<Value> {
    all(client, &format!("/api/v1/tenants/{slug}/spaces/students")).await
}

/// Every item of a list, page by page.
pub(crate) async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("{path}?page_size=100&page_token={token}");
        let page = client.get(&path).await.expect(200).value();
        items.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return items,
        }
    }
}

/// Makes an operator of the platform at the console, signs them in and gives them a second factor.
pub(crate) async fn operator(server: &Server, email: &str) -> Client {
    let file = server.databases().folder().join("operator.txt");
    std::fs::write(&file, OPERATOR_PASSWORD).expect("a file for the password");
    let file = file.to_string_lossy();
    server.command(&[
        "user",
        "create",
        email,
        "--name",
        "Night Watch",
        "--operator",
        "--password-file",
        &file,
    ]);
    let body = json!({"email": email, "password": OPERATOR_PASSWORD});
    let client = server.client();
    let session = client
        .post("/api/v1/auth/sessions")
        .json(&body)
        .await
        .expect(201);
    let client = client.with_bearer(session.text_at("/access_token"));
    SecondFactor::set_up(&client).await;
    client
}
