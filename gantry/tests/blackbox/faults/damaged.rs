//! Tenants' files that are damaged, gone or somebody else's, and a data directory that is in use.

use std::path::PathBuf;

use gantry_testkit::{Engine, Owner, Server, SmtpSim};

use crate::steps::{open_branch, student, students};

const PAGE: usize = 4_096;

async fn with_student(server: &Server, mail: &SmtpSim, handle: &str) -> (Owner, String) {
    let owner = Owner::ready(&server.client(), mail, handle).await;
    let branch = open_branch(&owner, "MAIN").await;
    enter(&owner, &branch, 1).await;
    (owner, branch)
}

async fn enter(owner: &Owner, branch: &str, number: u32) {
    let body = student(
        branch,
        &format!("Student {number} of {}", owner.name),
        number,
    );
    owner
        .client
        .post(&owner.path("/spaces/students"))
        .json(&body)
        .await
        .expect(201)
        .done();
}

fn file(server: &Server, owner: &Owner) -> PathBuf {
    let folder = &owner.tenant[owner.tenant.len() - 2..];
    let path = server
        .data_dir()
        .join("tenants")
        .join(folder)
        .join(format!("{}.db", owner.tenant));
    assert!(path.is_file(), "{}", path.display());
    path
}

#[test]
fn one_tenants_damaged_file_is_that_tenants_trouble() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(Engine::Sqlite, &mail).await;
        let (well, branch) = with_student(&server, &mail, "well").await;
        let (header, _) = with_student(&server, &mail, "header").await;
        let (inside, _) = with_student(&server, &mail, "inside").await;
        let (gone, _) = with_student(&server, &mail, "gone").await;
        let (swapped, _) = with_student(&server, &mail, "swapped").await;
        server.stop().await;

        let kept = [&header, &inside, &gone, &swapped].map(|owner| {
            let path = file(&server, owner);
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        });
        let damaged = |bytes: &[u8], from: usize, to: usize| {
            let mut bytes = bytes.to_vec();
            bytes[from..to].fill(0x5a);
            bytes
        };
        std::fs::write(&kept[0].0, damaged(&kept[0].1, 0, PAGE)).unwrap();
        std::fs::write(&kept[1].0, damaged(&kept[1].1, PAGE, kept[1].1.len())).unwrap();
        std::fs::remove_file(&kept[2].0).unwrap();
        std::fs::copy(file(&server, &well), &kept[3].0).unwrap();

        server.restart().await;
        for owner in [&header, &inside, &gone, &swapped] {
            let path = owner.path("/spaces/students");
            let answer = owner
                .client
                .get(&path)
                .await
                .problem(503, "database_unavailable");
            assert!(answer.header("retry-after").is_some(), "{answer}");
            assert!(
                !answer.text().contains("Student 1"),
                "another tenant's data\n{answer}"
            );
        }
        assert!(
            !kept[2].0.exists(),
            "a missing file was replaced by an empty one"
        );
        server.client().get("/readyz").await.expect(200).done();
        enter(&well, &branch, 2).await;
        assert_eq!(students(&well.client, &well.slug).await.len(), 2);
        with_student(&server, &mail, "new").await;
        server.stop().await;

        for (path, bytes) in &kept {
            std::fs::write(path, bytes).unwrap();
        }
        server.restart().await;
        for owner in [&header, &inside, &gone, &swapped] {
            let found = students(&owner.client, &owner.slug).await;
            assert_eq!(found.len(), 1);
            assert!(
                found[0]["name"].as_str().unwrap().ends_with(&owner.name),
                "{found:?}"
            );
        }
    });
}

#[test]
fn a_data_directory_serves_one_server_at_a_time() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let server = Server::start(Engine::Sqlite, &mail).await;
        let second = server.try_command(&["serve", "--listen", "127.0.0.1:0"]);
        let words = String::from_utf8_lossy(&second.stderr);
        assert_eq!(second.status.code(), Some(78), "{words}");
        assert_eq!(words.lines().count(), 1, "{words}");
        assert!(words.contains("another gantry server uses"), "{words}");
        server.client().get("/readyz").await.expect(200).done();
    });
}
