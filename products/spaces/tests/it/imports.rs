//! Imports through their routes: the sample, mapping, dry run, reach, precise refusals.

use std::collections::BTreeMap;

use base64::Engine as _;
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;
use crate::sample;

both_engines! {
    async fn the_sample_gives_963_students_and_37_explained_errors(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.import("", sample::generate()).await;
        assert_eq!(import["state"], "done", "{import}");
        assert_eq!(import["encoding"], "utf8");
        assert_eq!((&import["total_rows"], &import["rows_done"]), (&json!(1_000), &json!(1_000)));
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let rejected = app.all("owner", &format!("{path}/rows?outcome=rejected")).await;
        let mut codes = BTreeMap::new();
        for row in &rejected {
            let faults = row["faults"].as_array().unwrap();
            assert_eq!(faults.len(), 1, "{row}");
            for word in ["code", "reason", "fix"] {
                assert!(!faults[0][word].as_str().unwrap().is_empty(), "{row}");
            }
            assert!(row["line"].as_u64().unwrap() > 1 && !row["cells"].as_array().unwrap().is_empty());
            codes.insert(faults[0]["code"].as_str().unwrap().to_owned(), row.clone());
        }
        let expected: Vec<_> = sample::BAD.iter().map(|(code, _)| (*code).to_owned()).collect();
        let missing: Vec<_> = expected.iter().filter(|code| !codes.contains_key(*code)).collect();
        assert!(missing.is_empty(), "missing {missing:?}, found {:?}", codes.keys());
        assert_eq!((rejected.len(), codes.len()), (37, 37));
        assert_eq!((&import["accepted_rows"], &import["rejected_rows"]), (&json!(963), &json!(37)));
        // The line is the one an editor shows, the column the one the header names.
        let text = sample::generate();
        let row = &codes["phone_masked"];
        let line = usize::try_from(row["line"].as_u64().unwrap()).unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains("90000XXXXX"));
        assert_eq!(row["faults"][0]["column"], json!({ "number": 3, "header": "Mobile No." }));

        let students = app.all("owner", "/students").await;
        assert_eq!(students.len(), 963);
        assert!(students.iter().all(|student| student["import_id"] == import["id"]));
        assert!(import["noted_rows"].as_u64().unwrap() > 20, "siblings are noted: {import}");
        let formula = students.iter().find(|student| student["notes"] == "=1+1");
        assert!(formula.is_some(), "a formula is text like any other");

        // Once more: everybody is already there.
        let again = app.import("", sample::generate()).await;
        assert_eq!((&again["accepted_rows"], &again["rejected_rows"]), (&json!(0), &json!(1_000)));
        assert_eq!(app.all("owner", "/students").await.len(), 963);
    }

    async fn a_dry_run_says_the_same_and_writes_no_student(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("?file_name=list.csv", sample::generate()).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let begun = app.ask("owner", "POST", &format!("{path}/dry-run")).send().await.expect(202);
        assert_eq!(begun.json()["state"], "checking");
        app.work().await;
        let checked = app.get("owner", &path).await.expect(200).json();
        assert_eq!((&checked["state"], &checked["accepted_rows"]), (&json!("checked"), &json!(963)));
        assert_eq!(checked["file_name"], "list.csv");
        assert_eq!(app.all("owner", "/students").await.len(), 0);
        let before = app.all("owner", &format!("{path}/rows?outcome=rejected")).await;
        assert_eq!(before.len(), 37);
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        app.work().await;
        assert_eq!(app.all("owner", &format!("{path}/rows?outcome=rejected")).await, before);
        assert_eq!(app.all("owner", "/students").await.len(), 963);
        let again = app.ask("owner", "POST", &format!("{path}/run")).send().await;
        assert_eq!(again.refused(409), "import_state");
    }

    async fn what_columns_mean_can_be_corrected_before_the_run(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", "Who;Call;Mail ID\nRavi;9000000001;r@example.com\n").await;
        assert_eq!((&import["separator"], &import["mapping"]), (&json!("semicolon"), &json!({ "email": 3 })));
        assert_eq!(import["columns"][0], json!({ "number": 1, "header": "Who", "sample": "Ravi" }));
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let run = || app.ask("owner", "POST", &format!("{path}/run")).send();
        assert_eq!(run().await.refused(422), "mapping_invalid");
        let patch = |mapping: Value| app.ask("owner", "PATCH", &path).json(&json!({ "mapping": mapping })).send();
        assert_eq!(patch(json!({ "name": 1, "phone": 4 })).await.refused(422), "mapping_invalid");
        assert_eq!(patch(json!({ "name": 1, "phone": 1 })).await.refused(422), "mapping_invalid");
        patch(json!({ "name": 1, "colour": 2 })).await.expect(422);
        patch(json!({ "name": 1, "phone": 2 })).await.expect(200);
        run().await.expect(202);
        app.work().await;
        let students = app.all("owner", "/students").await;
        assert_eq!((&students[0]["name"], &students[0]["email"]), (&json!("Ravi"), &Value::Null));
        assert_eq!(patch(json!({ "name": 1, "phone": 2 })).await.refused(409), "import_state");
    }

    async fn rows_go_to_branches_within_the_importers_reach(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        let file = "name,phone,centre\nOne,9000000001,a\nTwo,9000000002,Hall B\nThree,9000000003,\nFour,9000000004,C\n";
        let run = async |who: &str, query: &str| {
            let ask = app.ask(who, "POST", &format!("/imports{query}"));
            let import = ask.header("content-type", "text/csv").bytes(file).send().await.expect(201);
            let path = format!("/imports/{}", import.id());
            app.ask(who, "POST", &format!("{path}/run")).send().await.expect(202);
            app.work().await;
            let mut codes = Vec::new();
            for row in app.all(who, &format!("{path}/rows")).await {
                codes.push(row["faults"][0]["code"].as_str().unwrap_or("-").to_owned());
            }
            (path, codes)
        };
        let mine = format!("manager-1.{a}");
        let (path, codes) = run(&mine, "").await;
        assert_eq!(codes, ["-", "branch_unknown", "-", "branch_unknown"]);
        let other = format!("manager-2.{a}");
        app.get(&other, &path).await.expect(404);
        app.ask(&other, "POST", &format!("{path}/reversal")).send().await.expect(404);
        app.get("owner", &path).await.expect(200);
        let (_, codes) = run("owner", "").await;
        assert_eq!(codes, ["student_exists", "-", "branch_missing", "branch_unknown"]);
        let (_, codes) = run("owner", &format!("?default_branch={b}")).await;
        assert_eq!(codes, ["student_exists", "student_exists", "student_exists", "branch_unknown"]);
        let beyond = app.ask(&mine, "POST", &format!("/imports?default_branch={b}")).bytes(file).send().await;
        assert_eq!(beyond.refused(422), "branch_unknown");
        app.ask(&format!("receptionist.{a}"), "POST", "/imports").bytes(file).send().await.expect(403);
    }

    async fn rows_meet_who_is_already_there(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({ "branch_id": branch, "name": "Ravi Kumar", "phone": "9000000001", "code": "K-1" });
        app.post("owner", "/students", body).await.expect(201);
        let file = "code,name,phone\nk-1,Mohan,9000000002\n,RAVI KUMAR,9000000001\n,Sita Kumar,9000000001\nS-0001,Own Code,9000000003\n,Made Up,9000000004\n";
        let import = app.import("", file).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let rows = app.all("owner", &format!("{path}/rows")).await;
        let code = |at: usize| rows[at]["faults"][0]["code"].as_str().unwrap_or("-").to_owned();
        assert_eq!([code(0), code(1), code(2), code(3), code(4)], ["code_taken", "student_exists", "-", "-", "-"]);
        assert!(rows[2]["note"].as_str().unwrap().contains("siblings"));
        // Codes that later rows carry are not made up for earlier ones.
        let students = app.all("owner", "/students?order_by=code").await;
        let codes: Vec<_> = students.iter().map(|s| s["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["K-1", "S-0001", "S-0002", "S-0003"]);
    }

    async fn a_branch_manager_does_not_learn_the_phones_of_other_branches(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        app.student(&b, "Known Elsewhere", "9000000001").await;
        app.student(&a, "Known Here", "9000000002").await;
        let who = format!("manager.{a}");
        let file = "name,phone\nProbe One,9000000001\nProbe Two,9000000002\n";
        let import = app.ask(&who, "POST", "/imports").header("content-type", "text/csv");
        let import = import.bytes(file).send().await.expect(201);
        let path = format!("/imports/{}", import.id());
        app.ask(&who, "POST", &format!("{path}/dry-run")).send().await.expect(202);
        app.work().await;
        let rows = app.all(&who, &format!("{path}/rows")).await;
        assert_eq!(rows[0]["note"], json!(null), "{rows:?}");
        assert!(rows[1]["note"].as_str().unwrap().contains("siblings"), "{rows:?}");
        let probe = json!({ "branch_id": a, "name": "Probe Three", "phone": "9000000001" });
        app.post(&who, "/students", probe).await.expect(201);
    }

    async fn a_page_token_of_another_kind_of_key_is_refused(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        for number in 1..=3 {
            app.student(&branch, &format!("Student {number}"), &format!("900000000{number}")).await;
        }
        let page = app.get("owner", "/students?page_size=1&order_by=name").await.expect(200).json();
        let token = page["next_page_token"].as_str().unwrap();
        let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap();
        let text = String::from_utf8(decoded).unwrap();
        let forged = text.replace("student 1", "2026-01-01T00:00:00Z");
        assert_ne!(forged, text);
        let forged = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(forged);
        let answer = app.get("owner", &format!("/students?page_size=1&order_by=name&page_token={forged}")).await;
        assert_eq!(answer.refused(422), "page_token_invalid");
    }

    async fn what_cannot_be_a_table_is_refused_with_the_reason(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let long = format!("name,phone\n{},9000000001\nRavi,9000000002\n", "x".repeat(10 << 20));
        let wide = format!("name,phone\n{}\nRavi,9000000003\n", "a,".repeat(1_000_000));
        let null = "name,phone\nRa\0vi,9000000001\nRavi,9000000004\n".to_owned();
        for (file, code) in [(long, "cell_too_long"), (wide, "too_many_cells"), (null, "control_character")] {
            let import = app.import("", file).await;
            assert_eq!((&import["rejected_rows"], &import["state"]), (&json!(1), &json!("done")), "{code}");
            let path = format!("/imports/{}", import["id"].as_str().unwrap());
            let rows = app.all("owner", &format!("{path}/rows?outcome=rejected")).await;
            assert_eq!((&rows[0]["faults"][0]["code"], &rows[0]["line"]), (&json!(code), &json!(2)));
        }
        let cases = [
            (vec![b','; 1_000_000], "too_many_columns"),
            (b"a,".repeat(1_000_000), "too_many_columns"),
            (vec![b'x'; 10 << 20], "header_too_long"),
            (b"PK\x03\x04".to_vec(), "not_csv"),
            (Vec::new(), "empty_file"),
            (b"name,phone\n".to_vec(), "no_rows"),
            (vec![0; 150], "header_unreadable"),
        ];
        for (bytes, fault) in cases {
            let answer = app.ask("owner", "POST", "/imports").bytes(bytes).send().await.expect(422).json();
            assert_eq!((&answer["code"], &answer["file_fault"]), (&json!("file_unreadable"), &json!(fault)));
            assert!(!answer["fix"].as_str().unwrap().is_empty());
        }
        let form = app.ask("owner", "POST", "/imports").header("content-type", "multipart/form-data; boundary=x");
        form.bytes("--x").send().await.expect(415);
        let huge = vec![b'x'; 20 * 1024 * 1024 + 1];
        app.ask("owner", "POST", "/imports").bytes(huge).send().await.expect(413);
    }

    async fn an_upload_left_lying_is_forgotten(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", "name,phone\nRavi,9000000001\n").await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        app.work().await;
        assert_eq!(app.get("owner", &path).await.json()["state"], "draft");
        app.clock.advance(std::time::Duration::from_hours(8 * 24));
        app.work().await;
        assert_eq!(app.get("owner", &path).await.json()["state"], "expired");
        let files: i64 = app
            .db
            .read(async |tx| tx.one(gantry_db::sql!("select count(*) from import_files"), &[]).await)
            .await
            .unwrap_or_else(|error: gantry_db::DbError| panic!("{error}"));
        assert_eq!(files, 0);
        let run = app.ask("owner", "POST", &format!("{path}/run")).send().await;
        assert_eq!(run.refused(409), "import_state");
    }

    async fn an_upload_somebody_went_on_with_is_kept_longer(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", "name,phone\nRavi,9000000001\n").await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        app.clock.advance(std::time::Duration::from_hours(5 * 24));
        app.ask("owner", "POST", &format!("{path}/dry-run")).send().await.expect(202);
        app.work().await;
        app.clock.advance(std::time::Duration::from_hours(3 * 24));
        app.work().await;
        assert_eq!(app.get("owner", &path).await.json()["state"], "checked");
        app.clock.advance(std::time::Duration::from_hours(5 * 24));
        app.work().await;
        assert_eq!(app.get("owner", &path).await.json()["state"], "expired");
    }

    async fn two_imports_at_once_both_end(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let file = |tag: usize| {
            let rows = (0..700).map(|n| format!("Student {tag}x{n},9{tag}{n:08}\n"));
            format!("name,phone\n{}", rows.collect::<String>())
        };
        let (one, two) = (app.upload("", file(1)).await, app.upload("", file(2)).await);
        for import in [&one, &two] {
            let path = format!("/imports/{}/run", import["id"].as_str().unwrap());
            app.ask("owner", "POST", &path).send().await.expect(202);
        }
        app.work().await;
        for _ in 0..20 {
            app.clock.advance(std::time::Duration::from_mins(1));
            app.work().await;
        }
        for import in [&one, &two] {
            let path = format!("/imports/{}", import["id"].as_str().unwrap());
            let import = app.get("owner", &path).await.json();
            assert_eq!((&import["state"], &import["accepted_rows"]), (&json!("done"), &json!(700)));
        }
        assert_eq!(app.all("owner", "/students").await.len(), 1_400);
    }
}
