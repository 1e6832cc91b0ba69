use std::time::Duration;

use gantry_db::sql;
use gantry_kernel::Timestamp;
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::{App, person};

async fn ticket(app: &App, path: &str) -> Value {
    app.get("owner", path).await.expect(200).json()
}

both_engines! {
    async fn what_is_owed_and_not_done_is_told_once(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({
            "branch_id": branch, "subject": "No light at desk 4", "priority": "critical",
            "assignee": person("receptionist"),
        });
        let made = app.post("manager", "/tickets", body).await.expect(201);
        let path = format!("/tickets/{}", made.id());
        let told = sql!("select count(*) from jobs where payload like '%spaces.ticket.breached%'");
        app.clock.advance(Duration::from_mins(119));
        app.work().await;
        assert_eq!((ticket(&app, &path).await["breached"].as_bool(), app.count(told).await), (Some(false), 0));
        app.clock.advance(Duration::from_mins(1));
        app.work().await;
        app.work().await;
        assert_eq!((ticket(&app, &path).await["breached"].as_bool(), app.count(told).await), (Some(true), 1));
        let to = format!("%{}%", person("receptionist"));
        assert!(app.db.read(async move |tx| {
            let found = sql!("select count(*) from jobs where kind = 'notices.deliver' and payload like $1");
            tx.one::<i64>(found, &gantry_db::args![to]).await
        }).await.unwrap() == 1);
        // It was made known at version 2; a late end does not make the promise kept.
        let late = app.ask("receptionist", "PATCH", &path).version(2).json(&json!({"state": "resolved"}));
        assert_eq!(late.send().await.expect(200).json()["breached"], true);
    }

    async fn what_is_done_in_time_is_not(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let body = json!({"branch_id": branch, "subject": "A lost bag", "priority": "low"});
        let path = format!("/tickets/{}", app.post("receptionist", "/tickets", body).await.expect(201).id());
        let change = async |version, body: Value| {
            app.ask("receptionist", "PATCH", &path).version(version).json(&body).send().await
        };
        // More urgent is earlier: counted from when it was opened.
        let urgent = change(1, json!({"priority": "high"})).await.expect(200).json();
        let at = |name: &str| urgent[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert_eq!(at("due_at"), at("created_at") + Duration::from_hours(8));
        app.clock.advance(Duration::from_hours(7));
        change(2, json!({"state": "resolved"})).await.expect(200);
        app.clock.advance(Duration::from_hours(90));
        app.work().await;
        let told = sql!("select count(*) from jobs where payload like '%spaces.ticket.breached%'");
        assert_eq!((ticket(&app, &path).await["breached"].as_bool(), app.count(told).await), (Some(false), 0));
        change(2, json!({"state": "closed"})).await.expect(412);
        change(3, json!({"state": "closed"})).await.expect(200);
        assert_eq!(change(4, json!({"state": "open"})).await.refused(409), "ticket_closed");
        let comments = format!("{path}/comments");
        app.post("receptionist", &comments, json!({"text": "Found <b>after</b> all"})).await.expect(201);
        let said = app.get("viewer", &comments).await.expect(200).json();
        assert_eq!(said["items"][0]["text"], "Found <b>after</b> all");
        app.post("viewer", &comments, json!({"text": "me too"})).await.expect(403);
    }

    async fn a_ticket_of_another_branch_is_not_there(engine: Engine) {
        let app = App::new(engine).await;
        let (here, there) = (app.branch("A").await, app.branch("B").await);
        let student = app.student(&there, "Asha Rao", "9000000001").await;
        let desk = format!("receptionist.{here}");
        let body = |branch: &str| json!({"branch_id": branch, "subject": "Heat"});
        assert_eq!(app.post(&desk, "/tickets", body(&there)).await.refused(422), "branch_unknown");
        let about = json!({"branch_id": here, "student_id": student["id"], "subject": "Heat"});
        app.post(&desk, "/tickets", about).await.expect(422);
        let theirs = app.post("owner", "/tickets", body(&there)).await.expect(201).id();
        let own = app.post(&desk, "/tickets", body(&here)).await.expect(201).id();
        let path = format!("/tickets/{theirs}");
        app.get(&desk, &path).await.expect(404);
        app.get(&desk, &format!("{path}/comments")).await.expect(404);
        app.ask(&desk, "PATCH", &path).version(1).json(&json!({"state": "closed"})).send().await.expect(404);
        let seen = app.all(&desk, "/tickets").await;
        assert_eq!(seen.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [&json!(own)]);
        assert_eq!(app.all("owner", "/tickets?state=open&priority=medium").await.len(), 2);
        let gone = app.ask("owner", "DELETE", &format!("/branches/{here}")).version(1).send().await;
        assert_eq!(gone.refused(409), "branch_not_empty");
    }
}
