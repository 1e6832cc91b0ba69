//! Taking payments, the second person, and giving money back.

use gantry_testkit::both_engines;
use serde_json::json;

use super::Desk;

both_engines! {
    async fn a_payment_pays_the_oldest_dues_and_keeps_the_rest(engine: Engine) {
        let desk = Desk::open(engine).await;
        let later = desk.charge_other(30_000, json!({ "due_on": "2026-03-01" })).await["dues"][0].clone();
        let first = desk.charge().await.remove(0);
        let paid = desk.app.post("receptionist", "/payments", desk.cash(128_000)).await.expect(201).json();
        assert_eq!((&paid["state"], &paid["on_day"]), (&json!("counted"), &json!("2026-01-05")));
        assert_eq!(desk.due(&first["id"]).await["left"], 0);
        assert_eq!(desk.due(&later["id"]).await["left"], 20_000);
        desk.app.post("receptionist", "/payments", desk.cash(25_000)).await.expect(201);
        assert_eq!(desk.standing().await, [0, 5_000, 0]);
        let receipt = format!("/billing-documents/{}", paid["receipt_id"].as_str().unwrap());
        let receipt = desk.app.get("owner", &receipt).await.expect(200).json();
        assert_eq!((&receipt["number"], &receipt["total"]), (&json!("B1/R2526/00001"), &json!(128_000)));
        assert_eq!(receipt["document"]["lines"].as_array().unwrap().len(), 2);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn what_was_paid_ahead_pays_what_comes(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.app.post("owner", "/payments", desk.cash(150_000)).await.expect(201);
        desk.charge().await;
        let path = format!("/students/{}/advance-uses", desk.student);
        let body = |amount: i64| json!({ "branch_id": desk.branch, "amount": amount });
        assert_eq!(desk.app.post("owner", &path, body(118_001)).await.refused(409), "more_than_is_left");
        desk.app.post("owner", &path, body(18_000)).await.expect(200);
        assert_eq!(desk.standing().await, [100_000, 132_000, 0]);
        desk.app.post("owner", &path, json!({ "branch_id": desk.branch })).await.expect(200);
        assert_eq!(desk.standing().await, [0, 32_000, 0]);
        let again = desk.app.post("owner", &path, json!({ "branch_id": desk.branch })).await.expect(200).json();
        assert_eq!(again["dues"], json!([]));
    }

    async fn chosen_dues_are_paid_in_their_order(engine: Engine) {
        let desk = Desk::open(engine).await;
        let first = desk.charge().await.remove(0);
        let second = desk.charge_other(20_000, json!({ "due_on": "2026-04-01" })).await["dues"][0].clone();
        let mut pay = desk.cash(25_000);
        pay["due_ids"] = json!([second["id"]]);
        desk.app.post("owner", "/payments", pay.clone()).await.expect(201);
        assert_eq!((&desk.due(&first["id"]).await["left"], &desk.due(&second["id"]).await["left"]), (&json!(118_000), &json!(0)));
        assert_eq!(desk.standing().await, [118_000, 5_000, 0]);
        assert_eq!(desk.app.post("owner", "/payments", pay).await.refused(422), "due_unknown");
    }

    async fn a_reference_comes_once(engine: Engine) {
        let desk = Desk::open(engine).await;
        let upi = |reference: &str| {
            let mut pay = desk.cash(10_000);
            pay["method"] = json!("upi");
            pay["reference"] = json!(reference);
            pay
        };
        let mut bare = desk.cash(1);
        bare["method"] = json!("upi");
        desk.app.post("owner", "/payments", bare).await.expect(422);
        let answers = futures_util::future::join_all(
            (0..6).map(|at| desk.app.post("owner", "/payments", upi(if at % 2 == 0 { "UPI 123" } else { "upi 123" })))
        ).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(desk.app.post("owner", "/payments", upi("upi 123")).await.refused(409), "reference_taken");
        desk.app.post("owner", "/payments", upi("upi 124")).await.expect(201);
        assert_eq!(desk.standing().await, [0, 20_000, 0]);
    }

    async fn the_same_request_again_takes_nothing_again(engine: Engine) {
        let desk = Desk::open(engine).await;
        let send = || desk.app.ask("receptionist", "POST", "/payments").header("idempotency-key", "k-12345678").json(&desk.cash(5_000)).send();
        let first = send().await.expect(201).json();
        let again = futures_util::future::join_all((0..5).map(|_| send())).await;
        assert!(again.iter().all(|answer| answer.json() == first));
        assert_eq!(desk.standing().await, [0, 5_000, 0]);
        assert_eq!(desk.app.all("owner", "/billing-documents?kind=receipt").await.len(), 1);
    }

    async fn above_the_limit_it_takes_two(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.decide(json!({ "approval_limit": 100_000 })).await;
        let due = desk.charge().await.remove(0);
        desk.app.post("receptionist", "/payments", desk.cash(100_000)).await.expect(201);
        let pending = desk.app.post("manager", "/payments", desk.cash(100_001)).await.expect(201).json();
        assert_eq!((&pending["state"], &pending["receipt_id"]), (&json!("pending"), &json!(null)));
        assert_eq!(desk.due(&due["id"]).await["left"], 18_000, "it does not count yet");
        let path = format!("/payments/{}", pending["id"].as_str().unwrap());
        let approval = format!("{path}/approval");
        desk.app.post("receptionist", &approval, json!({})).await.expect(403);
        assert_eq!(desk.app.ask("manager", "POST", &approval).send().await.refused(409), "second_person_needed");
        let approved = desk.app.ask("accountant", "POST", &approval).send().await.expect(200).json();
        assert_eq!(approved["state"], "counted");
        assert_eq!(desk.standing().await, [0, 82_001, 0]);
        assert_eq!(desk.app.ask("owner", "POST", &approval).send().await.refused(409), "already_decided");
        // A rejected one never counts, and its reference is free again.
        let mut upi = desk.cash(500_000);
        upi["method"] = json!("upi");
        upi["reference"] = json!("R1");
        let pending = desk.app.post("receptionist", "/payments", upi.clone()).await.expect(201).id();
        let path = format!("/payments/{pending}/rejection");
        desk.app.post("accountant", &path, json!({ "reason": "never arrived" })).await.expect(200);
        assert_eq!(desk.app.post("owner", &path, json!({ "reason": "x" })).await.refused(409), "already_decided");
        desk.app.post("receptionist", "/payments", upi).await.expect(201);
        assert_eq!(desk.standing().await, [0, 82_001, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn no_more_is_given_back_than_was_paid(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.app.post("owner", "/payments", desk.cash(50_000)).await.expect(201);
        let refund = |amount: i64| json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "advance",
                                           "method": "cash", "amount": amount, "reason": "moves away" });
        assert_eq!(desk.app.post("owner", "/refunds", refund(50_001)).await.refused(409), "more_than_is_left");
        // Many at once: together they get what there is.
        let answers = futures_util::future::join_all((0..8).map(|_| desk.app.post("owner", "/refunds", refund(10_000)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
        assert_eq!(desk.standing().await, [0, 0, 0]);
        desk.app.post("receptionist", "/refunds", refund(1)).await.expect(403);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn a_refund_above_the_limit_takes_two_and_is_looked_at_again(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.app.post("owner", "/payments", desk.cash(50_000)).await.expect(201);
        desk.decide(json!({ "approval_limit": 20_000 })).await;
        let refund = json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "advance", "method": "cash",
                             "amount": 50_000, "reason": "moves away" });
        let first = desk.app.post("accountant", "/refunds", refund.clone()).await.expect(201).id();
        let second = desk.app.post("accountant", "/refunds", refund).await.expect(201).id();
        let approve = |id: &str, who: &'static str| {
            let path = format!("/refunds/{id}/approval");
            let app = &desk.app;
            async move { app.ask(who, "POST", &path).send().await }
        };
        assert_eq!(approve(&first, "accountant").await.refused(409), "second_person_needed");
        approve(&first, "manager").await.expect(200);
        assert_eq!(approve(&second, "manager").await.refused(409), "more_than_is_left");
        let path = format!("/refunds/{second}/rejection");
        desk.app.post("manager", &path, json!({ "reason": "twice" })).await.expect(200);
        assert_eq!(desk.standing().await, [0, 0, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn a_deposit_is_given_back_or_kept(engine: Engine) {
        let desk = Desk::open(engine).await;
        let plan = super::plan(&desk.app, &desk.branch, "D", json!({ "period": "monthly", "price": 0, "deposit": 50_000 })).await;
        let mut ask = desk.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
        ask["plan_id"] = json!(plan);
        ask["entering"] = json!(true);
        let body = json!({ "student_id": desk.student, "for_what": { "plan": ask } });
        let charged = desk.app.post("owner", "/dues", body).await.expect(201).json();
        assert_eq!(charged["invoice_id"], json!(null), "nothing was sold for anything");
        let deposit = charged["dues"].as_array().unwrap().iter().find(|due| due["kind"] == "deposit").unwrap().clone();
        assert_eq!(deposit["left"], 50_000);
        desk.app.post("owner", "/payments", desk.cash(30_000)).await.expect(201);
        let keep = |amount: i64| json!({ "branch_id": desk.branch, "student_id": desk.student, "amount": amount, "reason": "broken lamp" });
        let refused = desk.app.post("owner", "/kept-deposits", keep(30_001)).await.expect(409).json();
        assert_eq!(refused["left"], 30_000, "what was not paid is not there to be kept");
        desk.app.post("owner", "/payments", desk.cash(20_000)).await.expect(201);
        desk.app.post("owner", "/kept-deposits", keep(10_000)).await.expect(204);
        let refund = |amount: i64| json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "deposit",
                                           "method": "cash", "amount": amount, "reason": "left" });
        assert_eq!(desk.app.post("owner", "/refunds", refund(40_001)).await.refused(409), "more_than_is_left");
        desk.app.post("owner", "/refunds", refund(40_000)).await.expect(201);
        assert_eq!(desk.standing().await, [0, 0, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }
}
