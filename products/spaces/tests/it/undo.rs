//! Undoing an import: what nobody touched goes, the rest stays and says why.

use gantry_kernel::{Actor, IdentityId, Origin, Scope};
use gantry_spaces::allowance::STUDENTS;
use gantry_spaces::import::run::Task;
use gantry_spaces::import::{ImportId, State, flow};
use gantry_spaces::student::flow::By;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::App;

const FILE: &str = "name,phone\nOne,9000000001\nTwo,9000000002\nThree,9000000003\nbad,1\n";

both_engines! {
    async fn students_that_were_edited_stay(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        app.student(&branch, "Before", "9000000009").await;
        let import = app.import("", FILE).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let students = app.all("owner", "/students").await;
        let of = |name: &str| {
            let student = students.iter().find(|student| student["name"] == name).unwrap();
            format!("/students/{}", student["id"].as_str().unwrap())
        };
        let edit = json!({ "notes": "seen" });
        app.ask("owner", "PATCH", &of("Two")).version(1).json(&edit).send().await.expect(200);
        app.ask("owner", "DELETE", &of("Three")).version(1).send().await.expect(204);
        let reversal = || app.ask("owner", "POST", &format!("{path}/reversal")).send();
        assert_eq!(reversal().await.expect(202).json()["state"], "undoing");
        app.work().await;
        let undone = app.get("owner", &path).await.json();
        assert_eq!((&undone["state"], &undone["removed_rows"], &undone["kept_rows"]), (&json!("undone"), &json!(2), &json!(1)));
        let left = app.all("owner", "/students").await;
        let names: Vec<_> = left.iter().map(|student| student["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Before", "Two"]);
        let kept = app.all("owner", &format!("{path}/rows?outcome=kept")).await;
        assert!(kept[0]["note"].as_str().unwrap().contains("edited"), "{kept:?}");
        assert_eq!(reversal().await.refused(409), "import_state");
        // The same file again enters who is missing.
        let again = app.import("", FILE).await;
        assert_eq!((&again["accepted_rows"], &again["rejected_rows"]), (&json!(2), &json!(2)));
        // Whatever came and went, they were counted.
        app.limit(STUDENTS, 4);
        let fifth = json!({ "branch_id": branch, "name": "Fifth", "phone": "9000000005" });
        let refused = app.post("owner", "/students", fifth).await.expect(409).json();
        assert_eq!((&refused["code"], &refused["wanted"]), (&json!("limit_reached"), &json!(5)));
    }

    async fn a_run_under_way_is_stopped_and_taken_back(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", crate::crash::file(1_300)).await;
        let id: ImportId = import["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/imports/{id}");
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        let task = std::sync::Arc::new(Task::load(&app.db, id, None).await.unwrap().unwrap());
        task.step(&app.db, None).await.unwrap();
        app.ask("owner", "POST", &format!("{path}/reversal")).send().await.expect(202);
        // The run's next chunk finds that it is no longer wanted.
        assert_eq!(task.step(&app.db, None).await.unwrap(), gantry_spaces::import::run::Step::Over);
        app.work().await;
        let undone = app.get("owner", &path).await.json();
        assert_eq!((&undone["state"], &undone["removed_rows"]), (&json!("undone"), &json!(500)));
        assert_eq!(app.all("owner", "/students").await.len(), 0);
    }

    async fn an_undo_reaches_no_further_than_whoever_asks_for_it(engine: Engine) {
        let app = App::new(engine).await;
        let (a, _) = (app.branch("A").await, app.branch("B").await);
        let file = "name,phone,branch\nOne,9000000001,A\nTwo,9000000002,B\n";
        let import = app.import("", file).await;
        assert_eq!(import["accepted_rows"], 2);
        let id: ImportId = import["id"].as_str().unwrap().parse().unwrap();
        let owner: IdentityId = import["created_by"].as_str().unwrap().parse().unwrap();
        // The same person, whose grant has been narrowed to branch A since.
        let by = By {
            scope: Scope::Units([a.parse().unwrap()].into()),
            actor: Actor::Identity(owner),
            origin: Origin::default(),
        };
        let asked = app.db.write(async move |tx| flow::reverse(tx, &by, owner, id).await).await;
        assert_eq!(asked.unwrap().state, State::Undoing);
        app.work().await;
        let undone = app.get("owner", &format!("/imports/{id}")).await.json();
        assert_eq!((&undone["removed_rows"], &undone["kept_rows"]), (&json!(1), &json!(1)));
        let left = app.all("owner", "/students").await;
        assert_eq!((left.len(), &left[0]["name"]), (1, &json!("Two")));
        let kept = app.all("owner", &format!("/imports/{id}/rows?outcome=kept")).await;
        assert!(kept[0]["note"].as_str().unwrap().contains("does not reach"), "{kept:?}");
    }

    async fn an_import_that_wrote_nothing_is_cancelled(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", FILE).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let answer = app.ask("owner", "POST", &format!("{path}/reversal")).send().await.expect(202);
        assert_eq!(answer.json()["state"], "cancelled");
        let run = app.ask("owner", "POST", &format!("{path}/run")).send().await;
        assert_eq!(run.refused(409), "import_state");
    }

    async fn students_who_have_had_a_seat_stay(engine: Engine) {
        let app = App::new(engine).await;
        let hall = crate::seating::Hall::open(&app, "A", 1).await;
        let shift = hall.shift(&app, "Day", 540, 1080).await;
        let import = app.import("", FILE).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        let students = app.all("owner", "/students").await;
        let two = students.iter().find(|student| student["name"] == "Two").unwrap()["id"].clone();
        let held = hall.hold(&app, &hall.seats[0], &shift, "2026-01-06", "2026-01-08").await.expect(201).id();
        let body = json!({ "student_id": two });
        app.post("owner", &format!("/claims/{held}/confirmation"), body).await.expect(200);
        app.ask("owner", "POST", &format!("{path}/reversal")).send().await.expect(202);
        app.work().await;
        let undone = app.get("owner", &path).await.json();
        assert_eq!((&undone["state"], &undone["removed_rows"], &undone["kept_rows"]), (&json!("undone"), &json!(2), &json!(1)));
        let left = app.all("owner", "/students").await;
        assert_eq!((left.len(), &left[0]["id"]), (1, &two));
        let kept = app.all("owner", &format!("{path}/rows?outcome=kept")).await;
        assert!(kept[0]["note"].as_str().unwrap().contains("had a seat"), "{kept:?}");
    }
}
