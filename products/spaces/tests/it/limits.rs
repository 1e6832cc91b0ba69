//! What the tenant may have holds for single entries, for simultaneous ones and for imports.

use futures_util::future::join;
use gantry_spaces::allowance::{BRANCHES, STUDENTS};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::App;
use crate::crash::file;

both_engines! {
    async fn of_two_simultaneous_students_below_the_limit_one_comes_in(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        for round in 1..=8 {
            app.limit(STUDENTS, round);
            let body = |n: i64| json!({
                "branch_id": branch, "name": format!("Student {round} {n}"), "phone": format!("90000{round:03}{n:02}"),
            });
            let (one, two) = join(
                app.post("owner", "/students", body(1)),
                app.post("owner", "/students", body(2)),
            ).await;
            let (made, refused) = if one.status == 201 { (one, two) } else { (two, one) };
            made.expect(201);
            let refused = refused.expect(409).json();
            assert_eq!(
                (&refused["code"], &refused["limit"], &refused["limit_value"], &refused["wanted"]),
                (&json!("limit_reached"), &json!("spaces.students"), &json!(round), &json!(round + 1)),
            );
            assert_eq!(app.all("owner", "/students").await.len(), usize::try_from(round).unwrap());
        }
    }

    async fn of_two_simultaneous_branches_below_the_limit_one_is_opened(engine: Engine) {
        let app = App::new(engine).await;
        app.limit(BRANCHES, 2);
        let first = app.branch("A").await;
        let body = |code: &str| json!({ "code": code, "name": code });
        let (one, two) = join(
            app.post("owner", "/branches", body("B")),
            app.post("owner", "/branches", body("C")),
        ).await;
        let (made, refused) = if one.status == 201 { (one, two) } else { (two, one) };
        made.expect(201);
        assert_eq!(refused.refused(409), "limit_reached");
        // Room that is made is room.
        let path = format!("/branches/{first}");
        app.ask("owner", "DELETE", &path).version(1).send().await.expect(204);
        app.branch("D").await;
        assert_eq!(app.all("owner", "/branches").await.len(), 2);
    }

    async fn rows_beyond_the_limit_are_rejected_with_what_to_do(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        app.student(&branch, "Already There", "9111111111").await;
        app.limit(STUDENTS, 701);
        let import = app.upload("", file(1_200)).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        for (verb, state) in [("dry-run", "checked"), ("run", "done")] {
            app.ask("owner", "POST", &format!("{path}/{verb}")).send().await.expect(202);
            app.work().await;
            let seen = app.get("owner", &path).await.json();
            assert_eq!(
                (&seen["state"], &seen["accepted_rows"], &seen["rejected_rows"]),
                (&json!(state), &json!(700), &json!(500)),
                "{seen}"
            );
            let rows = app.all("owner", &format!("{path}/rows?outcome=rejected")).await;
            assert_eq!(rows.len(), 500);
            assert_eq!(rows[0]["line"], 702);
            for row in &rows {
                let fault = &row["faults"][0];
                assert_eq!(fault["code"], "limit_reached");
                assert!(fault["reason"].as_str().unwrap().contains("701"), "{fault}");
                assert!(fault["fix"].as_str().unwrap().contains("higher limit"), "{fault}");
            }
        }
        assert_eq!(app.all("owner", "/students").await.len(), 701);
        // The rejected rows come in once the limit is higher.
        app.limit(STUDENTS, 1_201);
        let rejected = app.get("owner", &format!("{path}/errors.csv")).await.expect(200).text();
        let again = app.import("", rejected).await;
        assert_eq!((&again["accepted_rows"], &again["rejected_rows"]), (&json!(500), &json!(0)), "{again}");
    }
}
