//! Plans, discounts and what comes of them.

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use super::{Desk, plan};

const ZONE: &str = "01987c5e-5d5e-7cc0-8d51-000000000001";
const NIGHT: &str = "01987c5e-5d5e-7cc0-8d51-000000000002";
const DAY: &str = "01987c5e-5d5e-7cc0-8d51-000000000003";

both_engines! {
    async fn a_price_follows_from_plan_dates_zone_and_shifts(engine: Engine) {
        let desk = Desk::open(engine).await;
        let terms = json!({
            "period": "monthly", "price": 100_000, "admission_fee": 20_000, "deposit": 50_000,
            "prices": [
                { "zone_id": ZONE, "price": 150_000 },
                { "shift_id": NIGHT, "price": 60_000 },
                { "zone_id": ZONE, "shift_id": NIGHT, "price": 70_000 },
            ],
        });
        let plan = plan(&desk.app, &desk.branch, "By zone", terms).await;
        let quote = async |more: Value| {
            let mut body = json!({ "branch_id": desk.branch, "plan_id": plan });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            desk.app.post("receptionist", "/fee-quotes", body).await
        };
        let month = json!({ "periods": { "from": "2026-01-31", "periods": 1 } });
        for (more, total, until) in [
            (json!({ "span": month }), 100_000, "2026-02-28"),
            (json!({ "span": month, "zone_id": ZONE }), 150_000, "2026-02-28"),
            (json!({ "span": month, "shift_ids": [NIGHT] }), 60_000, "2026-02-28"),
            (json!({ "span": month, "shift_ids": [NIGHT, DAY] }), 160_000, "2026-02-28"),
            (json!({ "span": month, "zone_id": ZONE, "shift_ids": [NIGHT, DAY] }), 220_000, "2026-02-28"),
            (json!({ "span": month, "entering": true }), 170_000, "2026-02-28"),
            (json!({ "span": { "periods": { "from": "2026-01-31", "periods": 3 } } }), 300_000, "2026-04-30"),
            // Ten days of the second month, which has 28 of them: 1000.00 and 10/28 of it.
            (json!({ "span": { "days": { "from": "2026-01-01", "until": "2026-02-11" } } }), 135_714, "2026-02-11"),
        ] {
            let quoted = quote(more.clone()).await.expect(200).json();
            assert_eq!((&quoted["totals"]["total"], &quoted["until"]), (&json!(total), &json!(until)), "{more}");
        }
        for wrong in [
            json!({ "span": { "days": { "from": "2026-01-02", "until": "2026-01-02" } } }),
            json!({ "span": { "periods": { "from": "2026-01-02", "periods": 0 } } }),
            json!({ "span": { "hours": { "on": "2026-01-02", "hours": 2 } } }),
        ] {
            assert_eq!(quote(wrong).await.refused(422), "no_price");
        }
        // Nobody says what it costs but the server.
        quote(json!({ "span": month, "price": 1 })).await.expect(422);
    }

    async fn hours_and_packages_have_their_own_measure(engine: Engine) {
        let desk = Desk::open(engine).await;
        let hourly = plan(&desk.app, &desk.branch, "Hour", json!({ "period": "hourly", "price": 2_550 })).await;
        let terms = json!({ "period": "combo", "package": { "months": 2, "days": 15 }, "price": 250_000 });
        let combo = plan(&desk.app, &desk.branch, "Combo", terms).await;
        let quote = async |plan: &str, span: Value| {
            let body = json!({ "branch_id": desk.branch, "plan_id": plan, "span": span, "shift_ids": [NIGHT, DAY] });
            desk.app.post("owner", "/fee-quotes", body).await
        };
        let hours = quote(&hourly, json!({ "hours": { "on": "2026-01-05", "hours": 3 } })).await.expect(200).json();
        assert_eq!(hours["totals"]["total"], 15_300, "three hours in two shifts");
        let package = quote(&combo, json!({ "periods": { "from": "2026-01-05", "periods": 1 } })).await.expect(200).json();
        assert_eq!((&package["totals"]["total"], &package["until"]), (&json!(250_000), &json!("2026-03-20")));
        let two = quote(&combo, json!({ "periods": { "from": "2026-01-05", "periods": 2 } })).await;
        assert_eq!(two.refused(422), "no_price");
        let short = quote(&combo, json!({ "days": { "from": "2026-01-05", "until": "2026-03-19" } })).await;
        assert_eq!(short.refused(422), "no_price");
    }

    async fn terms_that_contradict_each_other_are_refused(engine: Engine) {
        let desk = Desk::open(engine).await;
        for wrong in [
            json!({ "period": "combo", "price": 1 }),
            json!({ "period": "monthly", "price": 1, "package": { "months": 1, "days": 0 } }),
            json!({ "period": "combo", "price": 1, "package": { "months": 0, "days": 0 } }),
            json!({ "period": "monthly", "price": -1 }),
            json!({ "period": "monthly", "price": 1.5 }),
            json!({ "period": "fortnightly", "price": 1 }),
            json!({ "period": "monthly", "price": 1, "rate": 10_001 }),
            json!({ "period": "monthly", "price": 1, "prices": [{ "price": 1 }] }),
            json!({ "period": "monthly", "price": 1, "prices": [
                { "zone_id": ZONE, "price": 1 }, { "zone_id": ZONE, "price": 2 }] }),
        ] {
            let body = json!({ "branch_id": desk.branch, "name": "Wrong", "terms": wrong });
            desk.app.post("owner", "/fee-plans", body).await.expect(422);
        }
        let twin = json!({ "branch_id": desk.branch, "name": "MONTHLY", "terms": { "period": "daily", "price": 1 } });
        assert_eq!(desk.app.post("owner", "/fee-plans", twin).await.refused(409), "plan_name_taken");
    }

    /// What was sold keeps its price, and what is sold afterwards has the new one.
    async fn a_changed_plan_changes_nothing_that_was_sold(engine: Engine) {
        let desk = Desk::open(engine).await;
        let sold = desk.charge().await;
        let path = format!("/fee-plans/{}", desk.plan);
        let change = json!({ "terms": { "period": "monthly", "price": 200_000 } });
        let dearer = desk.app.ask("owner", "PATCH", &path).version(1).json(&change).send().await.expect(200);
        assert_eq!(dearer.json()["version"], 2);
        desk.app.ask("owner", "PATCH", &path).version(1).json(&change).send().await.expect(412);
        let before = desk.due(&sold[0]["id"]).await;
        assert_eq!((&before["amount"], &before["plan_version"]), (&json!(118_000), &json!(1)));
        let after = desk.charge().await;
        assert_eq!((&after[0]["amount"], &after[0]["plan_version"]), (&json!(200_000), &json!(2)));
        let stop = json!({ "active": false });
        desk.app.ask("owner", "PATCH", &path).version(2).json(&stop).send().await.expect(200);
        let ask = desk.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
        let body = json!({ "student_id": desk.student, "for_what": { "plan": ask } });
        assert_eq!(desk.app.post("owner", "/dues", body).await.refused(409), "plan_inactive");
    }

    async fn a_discount_is_used_within_its_days_and_no_more_often_than_it_may(engine: Engine) {
        let desk = Desk::open(engine).await;
        let discount = json!({
            "branch_id": desk.branch, "code": "Early10", "off": { "percent": 1000 },
            "valid_from": "2026-01-05", "valid_until": "2026-01-10", "most_uses": 2,
        });
        desk.app.post("owner", "/discounts", discount.clone()).await.expect(201);
        assert_eq!(desk.app.post("owner", "/discounts", discount).await.refused(409), "discount_code_taken");
        let charge = async |code: &str| {
            let mut ask = desk.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
            ask["discount"] = json!(code);
            let body = json!({ "student_id": desk.student, "for_what": { "plan": ask } });
            desk.app.post("owner", "/dues", body).await
        };
        assert_eq!(charge("early20").await.refused(409), "discount_unusable");
        let charged = charge("EARLY10").await.expect(201).json();
        assert_eq!(charged["dues"][0]["amount"], 106_200);
        // Many at once for the one use that is left.
        let answers = futures_util::future::join_all((0..6).map(|_| charge("early10"))).await;
        let used = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(used, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        let all = desk.app.all("owner", "/discounts").await;
        assert_eq!((all.len(), &all[0]["uses"]), (1, &json!(2)));
        desk.app.clock.advance(std::time::Duration::from_hours(24 * 6));
        assert_eq!(charge("early10").await.refused(409), "discount_unusable");
    }

    async fn prices_belong_to_their_branch(engine: Engine) {
        let desk = Desk::open(engine).await;
        let other = desk.app.branch("B").await;
        let who = format!("manager.{other}");
        assert_eq!(desk.app.all(&who, "/fee-plans").await.len(), 0);
        let path = format!("/fee-plans/{}", desk.plan);
        desk.app.get(&who, &path).await.expect(404);
        desk.app.ask(&who, "PATCH", &path).version(1).json(&json!({ "active": false })).send().await.expect(404);
        let ask = json!({ "branch_id": other, "plan_id": desk.plan, "span": { "periods": { "from": "2026-01-05", "periods": 1 } } });
        assert_eq!(desk.app.post(&who, "/fee-quotes", ask).await.refused(422), "plan_unknown");
        let ask = desk.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
        assert_eq!(desk.app.post(&who, "/fee-quotes", ask).await.refused(422), "branch_unknown");
        desk.app.post("receptionist", "/fee-plans", json!({})).await.expect(403);
    }
}
