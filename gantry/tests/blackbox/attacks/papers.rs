//! Papers of people: their links open one thing, for whoever has them, and only as long as the record holds it.

use gantry_testkit::{Engine, Owner, eventually};
use serde_json::json;

use super::{PATIENCE, World, open_branch, student};

/// A document of one page.
fn document() -> String {
    let objects = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n";
    let table = "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R >>\n";
    format!("{objects}{table}startxref\n{}\n%%EOF\n", objects.len())
}

#[tokio::test]
async fn a_link_opens_one_paper_until_it_is_removed() {
    let world = World::open(Engine::Sqlite).await;
    let owner = Owner::ready(&world.client(), &world.mail, "north").await;
    let branch = open_branch(&owner, "A").await;
    let students = owner.path("/spaces/students");
    let made = owner
        .client
        .post(&students)
        .json(&student(&branch, "Asha Rao", "+919000000001"))
        .await
        .expect(201);
    let files = owner.path("/files");
    let file = owner
        .client
        .post(&format!("{files}?name=../../etc/passwd"))
        .body("application/pdf", document())
        .await
        .expect(201)
        .text_at("/id");
    eventually("a file out of quarantine", PATIENCE, async || {
        let file = owner.client.get(&format!("{files}/{file}")).await;
        let file = file.expect(200).value();
        if file["state"] == "clean" {
            Ok(())
        } else {
            Err(file.to_string())
        }
    })
    .await;
    let paper = owner
        .client
        .post(&format!("{students}/{}/documents", made.text_at("/id")))
        .json(&json!({"kind": "identity", "file_id": file}))
        .await
        .expect(201)
        .text_at("/id");
    let paper = owner.path(&format!("/spaces/documents/{paper}"));
    let link = owner.client.get(&format!("{paper}/link")).await;
    let url = link.expect(200).text_at("/url");
    let (_, token) = url.rsplit_once('/').unwrap();
    let path = format!("/api/v1/files/{token}");
    let stranger = owner.client.anonymous();
    let got = stranger.get(&path).await.expect(200);
    assert_eq!(got.bytes(), document().as_bytes());
    let disposition = got.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with("attachment; "), "{disposition}");
    assert!(!disposition.contains('/'), "{disposition}");
    let policy = got.header("content-security-policy").unwrap_or_default();
    assert!(policy.ends_with("sandbox"), "{policy}");
    for at in [0, 30, 60, 90] {
        let mut forged = token.to_owned();
        let other = if forged.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        forged.replace_range(at..=at, other);
        stranger
            .get(&format!("/api/v1/files/{forged}"))
            .await
            .problem(404, "not_found")
            .done();
    }
    owner.client.delete(&paper).await.expect(204).done();
    stranger.get(&path).await.problem(404, "not_found").done();
}
