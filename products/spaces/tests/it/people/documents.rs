use gantry_db::sql;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::App;

/// A number that fits its check digit, and is nobody's.
const AADHAAR: &str = "2345 6789 0124";

both_engines! {
    async fn a_document_is_added_opened_and_removed(engine: Engine) {
        let app = App::new(engine).await;
        let (here, there) = (app.branch("A").await, app.branch("B").await);
        let student = app.student(&here, "Asha Rao", "9000000001").await;
        let list = format!("/students/{}/documents", student["id"].as_str().unwrap());
        let desk = format!("receptionist.{here}");
        let file = app.file(&desk, "image/jpeg").await;
        let body = json!({"kind": "photo", "file_id": file});
        let made = app.post(&desk, &list, body.clone()).await.expect(201);
        let document = format!("/documents/{}", made.id());
        assert_eq!(made.json()["file"]["media"], "image/jpeg");
        assert_eq!(app.post(&desk, &list, body).await.refused(422), "file_unusable", "it is held");
        let link = app.get(&format!("viewer.{here}"), &format!("{document}/link?variant=small")).await.expect(200);
        assert!(link.json()["url"].as_str().unwrap().starts_with("https://gantry.example/api/v1/files/"));
        for path in [list.clone(), format!("{document}/link")] {
            app.get(&format!("receptionist.{there}"), &path).await.expect(404);
        }
        app.ask(&format!("receptionist.{there}"), "DELETE", &document).send().await.expect(404);
        app.ask(&format!("viewer.{here}"), "DELETE", &document).send().await.expect(403);
        app.ask(&desk, "DELETE", &document).send().await.expect(204);
        assert_eq!(app.get(&desk, &list).await.expect(200).json()["items"], json!([]));
        assert_eq!(app.count(sql!("select count(*) from files where removed_at is not null")).await, 1);
    }

    async fn a_file_of_somebody_else_becomes_no_document(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let student = app.student(&branch, "Asha Rao", "9000000001").await;
        let list = format!("/students/{}/documents", student["id"].as_str().unwrap());
        let theirs = app.file("receptionist-2", "image/jpeg").await;
        let body = json!({"kind": "other", "file_id": theirs});
        assert_eq!(app.post("owner", &list, body).await.refused(422), "file_unusable");
        let unknown = json!({"kind": "other", "file_id": student["id"]});
        assert_eq!(app.post("owner", &list, unknown).await.refused(422), "file_unusable");
        let paper = json!({"kind": "photo", "file_id": app.file("owner", "application/pdf").await});
        app.post("owner", &list, paper.clone()).await.expect(422);
        let paper = json!({"kind": "other", "title": "Form", "file_id": paper["file_id"]});
        let made = app.post("owner", &list, paper).await.expect(201).id();
        app.get("owner", &format!("/documents/{made}/link?variant=small")).await.expect(422);
    }

    async fn who_may_not_reveal_opens_no_document_of_identity(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let student = app.student(&branch, "Asha Rao", "9000000001").await;
        let list = format!("/students/{}/documents", student["id"].as_str().unwrap());
        let body = json!({"kind": "identity", "file_id": app.file("receptionist", "image/png").await});
        let made = app.post("receptionist", &list, body).await.expect(201).id();
        let link = format!("/documents/{made}/link");
        assert_eq!(app.get("receptionist", &link).await.refused(403), "document_sealed");
        let opened = sql!("select count(*) from audit where action = 'spaces.document.opened'");
        assert_eq!(app.count(opened).await, 0);
        app.get("manager", &link).await.expect(200);
        assert_eq!(app.count(opened).await, 1);
    }

    async fn a_number_is_sealed_masked_and_revealed_with_a_reason(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let student = app.student(&branch, "Asha Rao", "9000000001").await;
        let list = format!("/students/{}/numbers", student["id"].as_str().unwrap());
        let add = async |kind: &str, number: &str| {
            app.post("receptionist", &list, json!({"kind": kind, "number": number})).await
        };
        add("aadhaar", "234567890123").await.expect(422);
        let made = add("aadhaar", AADHAAR).await.expect(201);
        assert_eq!(made.json()["masked"], "\u{2022}\u{2022}\u{2022}\u{2022} 0124");
        assert!(!made.text().contains("2345"));
        assert_eq!(add("aadhaar", AADHAAR).await.refused(409), "number_exists");
        add("pan", "ABCPE1234F").await.expect(201);
        let shown = app.get("viewer", &list).await.expect(200).text();
        assert!(!shown.contains("ABCPE") && !shown.contains("23456789"), "{shown}");
        let stored = sql!("select count(*) from student_numbers where last = '0124' and length(sealed_number) > 60");
        assert_eq!(app.count(stored).await, 1);
        let reveal = format!("/numbers/{}/reveal", made.id());
        let why = json!({"reason": "police verification"});
        app.post("receptionist", &reveal, why.clone()).await.expect(403);
        app.post("manager", &reveal, json!({"reason": "x"})).await.expect(422);
        let revealed = app.post("manager", &reveal, why).await.expect(200).json();
        assert_eq!(revealed["number"], "234567890124");
        let noted = sql!(
            "select count(*) from audit where action = 'spaces.number.revealed'
             and facts_after like '%police verification%'"
        );
        assert_eq!(app.count(noted).await, 1);
        let leaked = sql!("select count(*) from audit where facts_after like '%234567890124%'");
        assert_eq!(app.count(leaked).await, 0);
        app.ask("receptionist", "DELETE", &format!("/numbers/{}", made.id())).send().await.expect(204);
        app.post("manager", &reveal, json!({"reason": "again"})).await.expect(404);
    }

    async fn what_is_of_a_student_goes_with_them(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let student = app.student(&branch, "Asha Rao", "9000000001").await;
        let path = format!("/students/{}", student["id"].as_str().unwrap());
        let body = json!({"kind": "photo", "file_id": app.file("owner", "image/png").await});
        app.post("owner", &format!("{path}/documents"), body).await.expect(201);
        let body = json!({"kind": "aadhaar", "number": AADHAAR});
        app.post("owner", &format!("{path}/numbers"), body).await.expect(201);
        let body = json!({"branch_id": branch, "student_id": student["id"], "subject": "A fan is broken"});
        let ticket = app.post("owner", "/tickets", body).await.expect(201).id();
        app.ask("owner", "DELETE", &path).version(2).send().await.expect(412);
        assert_eq!(app.count(sql!("select count(*) from student_numbers")).await, 1);
        app.ask("owner", "DELETE", &path).version(1).send().await.expect(204);
        assert_eq!(app.count(sql!("select count(*) from student_numbers")).await, 0);
        assert_eq!(app.count(sql!("select count(*) from files where removed_at is not null")).await, 1);
        let ticket = app.get("owner", &format!("/tickets/{ticket}")).await.expect(200).json();
        assert_eq!(ticket["student_id"], json!(null));
    }
}
