//! Exports open without running anything, and come back in as they went out.

use gantry_db::{args, sql};
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;

/// What an import can give back: everything but ids, versions and times.
fn facts(students: &[Value]) -> Vec<Value> {
    let strip = |student: &Value| {
        let mut student = student.clone();
        for member in [
            "id",
            "branch_id",
            "import_id",
            "version",
            "created_at",
            "updated_at",
        ] {
            student.as_object_mut().unwrap().remove(member);
        }
        student
    };
    students.iter().map(strip).collect()
}

both_engines! {
    async fn an_export_is_safe_and_comes_back_the_same(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        let people = [
            ("=HYPERLINK(\"http://example.com\")", "@SUM(A1:A9)"),
            ("Ravi \"Raju\" Kumar, Jr.", "two\nlines, \"quoted\""),
            ("प्रिया शर्मा", "-1+2"),
            ("'=Tricky", "\u{FF1D}1+1"),
            ("'Amma", "'@x"),
            ("+Plus", "#REF!"),
        ];
        for (at, (name, notes)) in people.iter().enumerate() {
            let branch = if at % 2 == 0 { &a } else { &b };
            let body = json!({ "branch_id": branch, "name": name, "notes": notes, "phone": format!("900000000{at}"),
                "email": "a@example.com", "guardian_name": "-Guardian", "guardian_phone": "9000000100",
                "date_of_birth": "2004-05-06", "gender": "other", "joined_on": "2025-11-30", "status": "paused" });
            app.post("owner", "/students", body).await.expect(201);
        }
        let plain = json!({ "branch_id": a, "name": "Plain", "phone": "+44 20 7946 0123" });
        app.post("owner", "/students", plain).await.expect(201);
        let export = app.get("owner", "/students/export.csv").await.expect(200);
        assert!(export.header("content-disposition").contains("attachment"));
        let text = export.text();
        let body = text.strip_prefix('\u{FEFF}').unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(body.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{FF1D}']), "{cell}");
            }
        }

        let mut before = app.all("owner", "/students?order_by=code").await;
        for student in &before {
            let path = format!("/students/{}", student["id"].as_str().unwrap());
            app.ask("owner", "DELETE", &path).version(1).send().await.expect(204);
        }
        let import = app.import("", export.bytes.clone()).await;
        assert_eq!(import["rejected_rows"], 0, "{import}");
        assert_eq!(import["encoding"], "utf8-bom");
        let mut after = app.all("owner", "/students?order_by=code").await;
        for (one, other) in before.iter_mut().zip(&mut after) {
            assert_eq!(one["branch_id"], other["branch_id"]);
        }
        assert_eq!(facts(&before), facts(&after));
    }

    async fn an_export_holds_what_is_within_reach_and_asked_for(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        app.student(&a, "Here", "9000000001").await;
        app.student(&b, "There", "9000000002").await;
        let mine = app.get(&format!("manager.{a}"), "/students/export.csv").await.expect(200).text();
        assert!(mine.contains("Here") && !mine.contains("There"));
        let asked = app.get("owner", "/students/export.csv?q=there").await.expect(200).text();
        assert!(asked.contains("There") && !asked.contains("Here"));
        app.get("receptionist", "/students/export.csv").await.expect(403);
        let rows: Vec<(String, String)> = app
            .db
            .read(async |tx| {
                let audited = sql!("select actor_kind, facts_after from audit where action = 'spaces.students.exported' order by at, id");
                tx.all(audited, &args![]).await
            })
            .await
            .unwrap();
        let told = |facts: &str| serde_json::from_str::<Value>(facts).unwrap();
        assert_eq!(rows.len(), 2, "one for each file: {rows:?}");
        assert_eq!(told(&rows[0].1), json!({ "students": 1, "reach": "units" }));
        assert_eq!(told(&rows[1].1), json!({ "students": 1, "reach": "all" }));
    }

    async fn rejected_rows_come_back_with_their_reasons_and_can_be_repaired(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.import("", "Name,Mobile,Remarks\nOne,12,=1+1\nTwo,9000000002,x\n").await;
        let path = format!("/imports/{}/errors.csv", import["id"].as_str().unwrap());
        let text = app.get("owner", &path).await.expect(200).text();
        assert!(text.contains("\"2\",\"Mobile\",\"the number has too few digits\""), "{text}");
        let again = app.import("", text.replace("\"12\"", "\"9000000001\"")).await;
        assert_eq!((&again["accepted_rows"], &again["rejected_rows"]), (&json!(1), &json!(0)), "{again}");
        let students = app.all("owner", "/students?q=one").await;
        assert_eq!(students[0]["notes"], "=1+1");
    }
}
