//! Students: life cycle, siblings, races, reach, lists.

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;

fn names(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

both_engines! {
    async fn a_student_is_entered_changed_and_removed(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({
            "branch_id": branch, "name": "  Asha   Rao ", "phone": "098765 43210",
            "email": "Asha@Example.COM", "date_of_birth": "2004-05-16", "notes": "one\r\ntwo",
        });
        let made = app.post("owner", "/students", body).await.expect(201);
        let student = made.json();
        assert_eq!(made.header("etag"), "\"v1\"");
        assert_eq!(student["code"], "S-0001");
        assert_eq!(student["name"], "Asha Rao");
        assert_eq!(student["phone"], "+919876543210");
        assert_eq!(student["email"], "asha@example.com");
        assert_eq!(student["joined_on"], "2026-01-05");
        assert_eq!(student["notes"], "one\ntwo");

        let path = format!("/students/{}", made.id());
        let patch = |change: Value| app.ask("owner", "PATCH", &path).json(&change);
        patch(json!({ "name": "A. Rao" })).send().await.expect(428);
        patch(json!({ "name": "A. Rao" })).version(9).send().await.expect(412);
        let change = json!({ "name": "A. Rao", "email": null, "status": "paused" });
        let changed = patch(change).version(1).send().await.expect(200).json();
        assert_eq!((&changed["version"], &changed["email"]), (&json!(2), &Value::Null));
        assert_eq!(changed["date_of_birth"], "2004-05-16");
        patch(json!({ "name": "Lost update" })).version(1).send().await.expect(412);
        for wrong in [
            json!({ "name": "---" }),
            json!({ "date_of_birth": "2031-01-01" }),
            json!({ "phone": "12345" }),
            json!({ "version": 7 }),
            json!({ "tenant_id": "x" }),
        ] {
            patch(wrong).version(2).send().await.expect(422);
        }
        let read = app.get("owner", &path).await.expect(200);
        assert_eq!(read.header("etag"), "\"v2\"");
        app.ask("owner", "DELETE", &path).send().await.expect(428);
        app.ask("owner", "DELETE", &path).version(1).send().await.expect(412);
        app.ask("owner", "DELETE", &path).version(2).send().await.expect(204);
        app.get("owner", &path).await.expect(404);
    }

    async fn siblings_share_a_phone_only_when_that_is_said(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let first = app.student(&branch, "Ravi Kumar", "9000000001").await;
        let body = |name: &str, shares: bool| json!({
            "branch_id": branch, "name": name, "phone": "+91 90000 00001", "shares_phone": shares,
        });
        let twin = app.post("owner", "/students", body("ravi  KUMAR", true)).await.expect(409);
        assert_eq!(twin.json()["code"], "student_exists");
        assert_eq!(twin.json()["existing_id"], first["id"]);
        let post = |body| app.post("owner", "/students", body);
        assert_eq!(post(body("Sita Kumar", false)).await.refused(409), "phone_shared");
        let sister = post(body("Sita Kumar", true)).await.expect(201);
        let path = format!("/students/{}", sister.id());
        let same = json!({ "name": "Ravi Kumar" });
        let change = app.ask("owner", "PATCH", &path).version(1).json(&same).send().await;
        assert_eq!(change.refused(409), "student_exists");
        let other = app.student(&branch, "Mohan Das", "9000000002").await;
        let path = format!("/students/{}", other["id"].as_str().unwrap());
        let share = json!({ "phone": "9000000001" });
        let change = app.ask("owner", "PATCH", &path).version(1).json(&share).send().await;
        assert_eq!(change.refused(409), "phone_shared");
        let share = json!({ "phone": "9000000001", "shares_phone": true });
        app.ask("owner", "PATCH", &path).version(1).json(&share).send().await.expect(200);
    }

    async fn of_many_simultaneous_entries_of_one_student_one_remains(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({ "branch_id": branch, "name": "Ravi Kumar", "phone": "9000000001" });
        let answers =
            futures_util::future::join_all((0..12).map(|_| app.post("owner", "/students", body.clone()))).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1);
        for answer in &answers {
            if answer.status != 201 {
                assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("student_exists")));
                assert_eq!(answer.json()["existing_id"], made[0].json()["id"]);
            }
        }
        assert_eq!(app.all("owner", "/students").await.len(), 1);
    }

    async fn a_student_beyond_ones_reach_is_not_there(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        let here = app.student(&a, "Here", "9000000001").await;
        let there = app.student(&b, "There", "9000000002").await;
        let who = format!("receptionist.{a}");
        assert_eq!(names(&app.all(&who, "/students").await), ["Here"]);
        assert_eq!(app.all(&who, &format!("/students?branch={b}")).await.len(), 0);
        assert_eq!(app.all(&who, "/students?q=there").await.len(), 0);
        let path = format!("/students/{}", there["id"].as_str().unwrap());
        let note = json!({ "notes": "seen" });
        app.get(&who, &path).await.expect(404);
        app.ask(&who, "PATCH", &path).version(1).json(&note).send().await.expect(404);
        app.ask(&who, "DELETE", &path).version(1).send().await.expect(404);
        let body = json!({ "branch_id": b, "name": "New", "phone": "9000000003" });
        assert_eq!(app.post(&who, "/students", body).await.refused(422), "branch_unknown");
        // That somebody is there cannot be hidden, who it is can.
        let twin = json!({ "branch_id": a, "name": "There", "phone": "9000000002" });
        let twin = app.post(&who, "/students", twin).await.expect(409).json();
        assert_eq!((&twin["code"], &twin["existing_id"]), (&json!("student_exists"), &Value::Null));
        // Moving needs both branches.
        let path = format!("/students/{}", here["id"].as_str().unwrap());
        let away = json!({ "branch_id": b });
        let moved = app.ask(&who, "PATCH", &path).version(1).json(&away).send().await;
        assert_eq!(moved.refused(422), "branch_unknown");
        app.ask("owner", "PATCH", &path).version(1).json(&away).send().await.expect(200);
        app.get(&who, &path).await.expect(404);
        app.post("viewer", "/students", json!({})).await.expect(403);
    }

    async fn searching_knows_no_case_and_no_accents(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        for (name, phone) in [
            ("José Álvarez", "9000000001"),
            ("JOSEPHINE das", "9000000002"),
            ("प्रिया शर्मा", "9000000003"),
            ("O'Brien 50%_off", "9111100004"),
        ] {
            app.student(&branch, name, phone).await;
        }
        for (q, found) in [
            ("jose", 2),
            ("JOSÉ%20alvarez", 1),
            ("alvarez%20jose", 1),
            ("प्रिया", 1),
            ("obrien", 1),
            ("%25", 4),
            ("_", 4),
            ("0000000", 3),
            ("91111%2000004", 1),
            ("s-0002", 1),
            ("alvarez%2090000%2000002", 0),
            ("nobody", 0),
        ] {
            let items = app.all("owner", &format!("/students?q={q}")).await;
            assert_eq!(items.len(), found, "{q}: {:?}", names(&items));
        }
    }

    async fn lists_are_filtered_and_sorted(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        let rows = [
            ("Éva", "C-2", &a, "active", "2025-01-10"),
            ("eve", "B-1", &a, "paused", "2025-02-10"),
            ("Adam", "A-3", &b, "left", "2025-03-10"),
        ];
        for (at, (name, code, branch, status, joined)) in rows.iter().enumerate() {
            app.clock.advance(std::time::Duration::from_secs(1));
            let body = json!({ "branch_id": branch, "name": name, "code": code, "status": status,
                               "joined_on": joined, "phone": format!("900000000{at}") });
            app.post("owner", "/students", body).await.expect(201);
        }
        for (query, expected) in [
            ("", vec!["Adam", "Éva", "eve"]),
            ("order_by=-name", vec!["eve", "Éva", "Adam"]),
            ("order_by=code", vec!["Adam", "eve", "Éva"]),
            ("order_by=-code", vec!["Éva", "eve", "Adam"]),
            ("order_by=created_at", vec!["Éva", "eve", "Adam"]),
            ("order_by=-created_at", vec!["Adam", "eve", "Éva"]),
            ("status=paused", vec!["eve"]),
            ("joined_from=2025-02-10", vec!["Adam", "eve"]),
            ("joined_to=2025-02-10", vec!["Éva", "eve"]),
            ("joined_from=2025-02-01&joined_to=2025-02-28", vec!["eve"]),
        ] {
            assert_eq!(names(&app.all("owner", &format!("/students?{query}")).await), expected, "{query}");
        }
        let one = app.all("owner", &format!("/students?branch={b}")).await;
        assert_eq!(names(&one), ["Adam"]);
        for wrong in ["order_by=phone", "status=gone", "joined_from=yesterday", "colour=red", "page_token=x"] {
            app.get("owner", &format!("/students?{wrong}")).await.expect(422);
        }
    }

    async fn pages_neither_skip_nor_repeat_while_rows_come_and_go(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        for (at, order) in ["name", "-name", "code", "-code", "created_at", "-created_at"].iter().enumerate() {
            let tag = format!("order{at}");
            let mut originals = Vec::new();
            for n in 0..10 {
                app.clock.advance(std::time::Duration::from_millis(1));
                let student = app.student(&branch, &format!("{tag} {n}"), &format!("9{at}{n:08}")).await;
                originals.push(student["id"].as_str().unwrap().to_owned());
            }
            let mut seen = Vec::new();
            let mut token = String::new();
            let mut extra = 100;
            loop {
                let path = format!("/students?order_by={order}&q={tag}&page_size=3&page_token={token}");
                let page = app.get("owner", &path).await.expect(200).json();
                let items = page["items"].as_array().unwrap().clone();
                seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                // A row that comes in before or behind the place, and one that goes.
                let gone = items[0]["id"].as_str().unwrap();
                app.ask("owner", "DELETE", &format!("/students/{gone}")).version(1).send().await.expect(204);
                app.student(&branch, &format!("AAA {tag} {extra}"), &format!("8{at}{extra:08}")).await;
                extra += 1;
                match page["next_page_token"].as_str() {
                    Some(next) => next.clone_into(&mut token),
                    None => break,
                }
            }
            for id in &originals {
                assert_eq!(seen.iter().filter(|other| *other == id).count(), 1, "{order}");
            }
        }
    }

    async fn the_same_request_again_under_its_key_gets_the_same_answer(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({ "branch_id": branch, "name": "Ravi", "phone": "9000000001" });
        let send = || app.ask("owner", "POST", "/students").header("idempotency-key", "k-12345678").json(&body).send();
        let first = send().await.expect(201).json();
        assert_eq!(send().await.expect(201).json(), first);
        assert_eq!(app.all("owner", "/students").await.len(), 1);
    }
}
