use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;

fn lead(branch: &str, name: &str, phone: &str) -> Value {
    json!({"branch_id": branch, "name": name, "phone": phone, "source": "referral"})
}

both_engines! {
    async fn a_lead_becomes_a_student_in_one_act(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let friend = app.student(&branch, "Asha Rao", "9000000001").await;
        let made = app.post("receptionist", "/leads", lead(&branch, "Ben Das", "9000000002")).await.expect(201);
        let path = format!("/leads/{}", made.id());
        let reward = |amount: i64| {
            json!({"lead_id": made.id(), "referrer_id": friend["id"], "reward": {"amount": amount, "currency": "INR"}})
        };
        for amount in [0, -500, 1_000_001] {
            app.post("receptionist", "/referrals", reward(amount)).await.expect(422);
        }
        let referral = app.post("receptionist", "/referrals", reward(25_000)).await.expect(201);
        assert_eq!(referral.json()["state"], "pending");
        assert_eq!(app.post("receptionist", "/referrals", reward(1)).await.refused(409), "referral_exists");
        let change = async |version, body: Value| {
            app.ask("receptionist", "PATCH", &path).version(version).json(&body).send().await
        };
        change(1, json!({"stage": "visited", "follow_up_on": "2026-12-01"})).await.expect(200);
        change(2, json!({"stage": "won"})).await.expect(422);
        assert_eq!(app.all("viewer", "/leads?follow_up_to=2026-12-01").await.len(), 1);
        assert_eq!(app.all("viewer", "/leads?follow_up_to=2026-11-30").await.len(), 0);
        let convert = format!("{path}/student");
        app.post("viewer", &convert, json!({})).await.expect(403);
        let student = app.post("receptionist", &convert, json!({"date_of_birth": "2005-02-03"})).await.expect(201).json();
        assert_eq!((student["name"].as_str(), student["branch_id"].as_str()), (Some("Ben Das"), Some(branch.as_str())));
        let won = app.get("viewer", &path).await.expect(200).json();
        assert_eq!((&won["stage"], &won["student_id"]), (&json!("won"), &student["id"]));
        let earned = app.all("viewer", "/referrals?state=earned").await;
        assert_eq!((earned.len(), &earned[0]["reward"]["amount"]), (1, &json!(25_000)));
        assert_eq!(app.post("receptionist", &convert, json!({})).await.refused(409), "lead_won");
        assert_eq!(change(3, json!({"notes": "late"})).await.refused(409), "lead_won");
        let back = format!("/referrals/{}", referral.id());
        assert_eq!(app.ask("receptionist", "DELETE", &back).send().await.refused(409), "referral_earned");
        // The one who brought them may go, and so may the one who came.
        for student in [&friend, &student] {
            let path = format!("/students/{}", student["id"].as_str().unwrap());
            app.ask("owner", "DELETE", &path).version(1).send().await.expect(204);
        }
        assert_eq!(app.get("viewer", &path).await.expect(200).json()["student_id"], json!(null));
    }

    async fn a_refused_student_leaves_the_lead_as_it_was(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let twin = app.student(&branch, "Ben Das", "9000000002").await;
        let made = app.post("owner", "/leads", lead(&branch, "Ben Das", "9000000002")).await.expect(201);
        let other = app.post("owner", "/leads", lead(&branch, "Carl Das", "9000000002")).await.expect(201);
        let path = format!("/leads/{}", made.id());
        let same = app.get("viewer", &format!("{path}/same-phone")).await.expect(200).json();
        assert_eq!(same, json!({"students": [twin["id"]], "leads": [other.id()]}));
        let convert = format!("{path}/student");
        assert_eq!(app.post("owner", &convert, json!({})).await.refused(409), "student_exists");
        let convert = format!("/leads/{}/student", other.id());
        assert_eq!(app.post("owner", &convert, json!({})).await.refused(409), "phone_shared");
        assert_eq!(app.get("owner", &path).await.expect(200).json()["stage"], "new");
        app.post("owner", &convert, json!({"shares_phone": true})).await.expect(201);
        app.limit("spaces.students", 2);
        let third = app.post("owner", "/leads", lead(&branch, "Dia", "9000000003")).await.expect(201).id();
        assert_eq!(app.post("owner", &format!("/leads/{third}/student"), json!({})).await.refused(409), "limit_reached");
        assert_eq!(app.get("owner", &format!("/leads/{third}")).await.expect(200).json()["stage"], "new");
    }

    async fn leads_of_another_branch_are_not_there(engine: Engine) {
        let app = App::new(engine).await;
        let (here, there) = (app.branch("A").await, app.branch("B").await);
        let desk = format!("receptionist.{here}");
        assert_eq!(app.post(&desk, "/leads", lead(&there, "Ben", "9000000002")).await.refused(422), "branch_unknown");
        let theirs = app.post("owner", "/leads", lead(&there, "Ben", "9000000002")).await.expect(201).id();
        let own = app.post(&desk, "/leads", lead(&here, "Ben", "9000000002")).await.expect(201).id();
        for path in [format!("/leads/{theirs}"), format!("/leads/{theirs}/same-phone")] {
            app.get(&desk, &path).await.expect(404);
        }
        app.post(&desk, &format!("/leads/{theirs}/student"), json!({})).await.expect(404);
        let same = app.get(&desk, &format!("/leads/{own}/same-phone")).await.expect(200).json();
        assert_eq!(same["leads"], json!([]));
        assert_eq!(app.all(&desk, "/leads").await.len(), 1);
        assert_eq!(app.all("owner", "/leads").await.len(), 2);
        let friend = app.student(&here, "Asha Rao", "9000000001").await;
        let referral = json!({"lead_id": theirs, "referrer_id": friend["id"], "reward": {"amount": 1, "currency": "INR"}});
        app.post(&desk, "/referrals", referral).await.expect(422);
    }
}
