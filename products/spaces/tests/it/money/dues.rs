//! Charging, letting off, crediting, and paying late.

use std::time::Duration;

use gantry_testkit::both_engines;
use serde_json::json;

use super::Desk;

both_engines! {
    async fn a_sale_is_an_invoice_a_due_and_an_entry(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        let dues = desk.charge().await;
        assert_eq!(dues.len(), 1);
        let due = &dues[0];
        assert_eq!((&due["amount"], &due["left"], &due["open"]), (&json!(118_000), &json!(118_000), &json!(true)));
        assert_eq!((&due["due_on"], &due["kind"]), (&json!("2026-01-05"), &json!("fee")));
        let invoice = format!("/billing-documents/{}", due["invoice_id"].as_str().unwrap());
        let invoice = desk.app.get("owner", &invoice).await.expect(200).json();
        assert_eq!(invoice["number"], "PUN/I2526/00001");
        let totals = &invoice["document"]["totals"];
        assert_eq!(*totals, json!({ "taxable": 100_000, "cgst": 9_000, "sgst": 9_000, "igst": 0, "total": 118_000 }));
        assert_eq!(desk.standing().await, [118_000, 0, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }

    /// A branch without a GSTIN charges no tax, and the deposit is no income.
    async fn entering_brings_admission_and_a_deposit_of_its_own(engine: Engine) {
        let desk = Desk::open(engine).await;
        let terms = json!({ "period": "monthly", "price": 100_000, "admission_fee": 20_000, "deposit": 50_000 });
        let plan = super::plan(&desk.app, &desk.branch, "With deposit", terms).await;
        let mut ask = desk.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
        ask["plan_id"] = json!(plan);
        ask["entering"] = json!(true);
        let body = json!({ "student_id": desk.student, "for_what": { "plan": ask } });
        let charged = desk.app.post("receptionist", "/dues", body).await.expect(201).json();
        let amounts: Vec<_> = charged["dues"].as_array().unwrap().iter().map(|due| (&due["kind"], &due["amount"])).collect();
        assert_eq!(amounts, [(&json!("fee"), &json!(120_000)), (&json!("deposit"), &json!(50_000))]);
        assert_eq!(charged["dues"][1]["invoice_id"], json!(null));
        let earned = desk.app.get("owner", "/reports/earnings?from=2026-01-01&until=2026-01-31").await.expect(200).json();
        let sum: i64 = earned["rows"].as_array().unwrap().iter().map(|row| row["amount"].as_i64().unwrap()).sum();
        assert_eq!(sum, 120_000);
        assert_eq!(desk.standing().await, [170_000, 0, 50_000]);
        // Not paid yet, so nothing of it can be given back.
        let refund = json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "deposit", "method": "cash",
                             "amount": 1, "reason": "left" });
        let refused = desk.app.post("owner", "/refunds", refund).await.expect(409).json();
        assert_eq!((&refused["code"], &refused["left"]), (&json!("more_than_is_left"), &json!(0)));
    }

    async fn instalments_sum_to_the_invoice(engine: Engine) {
        let desk = Desk::open(engine).await;
        let parts = json!([{ "due_on": "2026-01-05", "amount": 60_000 }, { "due_on": "2026-02-05", "amount": 40_000 }]);
        let charged = desk.charge_other(100_000, json!({ "instalments": parts })).await;
        let dues = charged["dues"].as_array().unwrap();
        assert_eq!(dues.len(), 2);
        assert!(dues.iter().all(|due| due["invoice_id"] == charged["invoice_id"]));
        assert_eq!((&dues[1]["title"], &dues[1]["due_on"]), (&json!("Locker key (2 of 2)"), &json!("2026-02-05")));
        let parts = json!([{ "due_on": "2026-01-05", "amount": 60_000 }]);
        let other = json!({ "branch_id": desk.branch, "title": "x", "price": 100_000, "pricing": "inclusive", "rate": 0 });
        let body = json!({ "student_id": desk.student, "for_what": { "other": other }, "instalments": parts });
        let refused = desk.app.post("owner", "/dues", body).await.expect(422).json();
        assert_eq!((&refused["code"], &refused["total"]), (&json!("parts_do_not_sum"), &json!(100_000)));
    }

    async fn a_due_is_let_off_with_a_reason_and_no_further_than_it_goes(engine: Engine) {
        let desk = Desk::open(engine).await;
        let due = desk.charge().await.remove(0);
        let path = format!("/dues/{}/waiver", due["id"].as_str().unwrap());
        desk.app.post("owner", &path, json!({ "amount": 10 })).await.expect(422);
        desk.app.post("receptionist", &path, json!({ "reason": "poor" })).await.expect(403);
        let more = desk.app.post("owner", &path, json!({ "amount": 118_001, "reason": "poor" })).await;
        assert_eq!(more.refused(409), "more_than_is_left");
        for left in [88_000, 58_000] {
            let due = desk.app.post("owner", &path, json!({ "amount": 30_000, "reason": "scholarship" })).await.expect(200).json();
            assert_eq!(due["left"], left);
        }
        let due = desk.app.post("owner", &path, json!({ "reason": "left" })).await.expect(200).json();
        assert_eq!((&due["left"], &due["open"], &due["settled_on"]), (&json!(0), &json!(false), &json!("2026-01-05")));
        assert_eq!(desk.standing().await, [0, 0, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }

    /// What was credited comes off what is left; what was paid already is paid ahead, and tax goes down with it.
    async fn a_credit_note_takes_back_of_its_invoice(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        let due = desk.charge().await.remove(0);
        desk.app.post("owner", "/payments", desk.cash(100_000)).await.expect(201);
        let path = format!("/dues/{}/credit", due["id"].as_str().unwrap());
        let credited = desk.app.post("owner", &path, json!({ "amount": 59_000, "reason": "half of it" })).await.expect(200).json();
        assert_eq!((&credited["due"]["left"], &credited["due"]["open"]), (&json!(0), &json!(false)));
        assert_eq!(credited["credit_note"]["number"], "PUN/C2526/00001");
        assert_eq!(credited["credit_note"]["refers_to"], due["invoice_id"]);
        assert_eq!(desk.standing().await, [0, 41_000, 0]);
        let note = format!("/billing-documents/{}", credited["credit_note"]["id"].as_str().unwrap());
        let note = desk.app.get("owner", &note).await.expect(200).json();
        let totals = &note["document"]["totals"];
        assert_eq!(*totals, json!({ "taxable": 50_000, "cgst": 4_500, "sgst": 4_500, "igst": 0, "total": 59_000 }));
        assert_eq!(note["document"]["refers_to"]["number"], "PUN/I2526/00001");
        let refused = desk.app.post("owner", &path, json!({ "amount": 59_001, "reason": "x" })).await.expect(409).json();
        assert_eq!((&refused["code"], &refused["left"]), (&json!("more_than_is_left"), &json!(59_000)));
        desk.app.post("owner", &path, json!({ "amount": 59_000, "reason": "the rest" })).await.expect(200);
        assert_eq!(desk.standing().await, [0, 100_000, 0]);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn a_late_fee_comes_once_when_the_clock_says_so(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.decide(json!({ "late_fee": 5_000, "late_days": 3 })).await;
        let due = desk.charge().await.remove(0);
        let settled = desk.charge_other(10_000, json!({})).await["dues"][0].clone();
        let pay = json!({ "branch_id": desk.branch, "student_id": desk.student, "method": "cash", "amount": 10_000,
                          "due_ids": [settled["id"]] });
        desk.app.post("owner", "/payments", pay).await.expect(201);
        let late = async || desk.app.all("owner", "/dues?kind=late_fee").await;
        desk.app.clock.advance(Duration::from_hours(24 * 3));
        desk.app.work().await;
        assert_eq!(late().await.len(), 0, "three days of grace");
        desk.app.clock.advance(Duration::from_hours(24));
        desk.app.work().await;
        desk.app.work().await;
        let fees = late().await;
        assert_eq!(fees.len(), 1);
        assert_eq!((&fees[0]["amount"], &fees[0]["late_for"]), (&json!(5_000), &due["id"]));
        desk.app.clock.advance(Duration::from_hours(24 * 30));
        desk.app.work().await;
        assert_eq!(late().await.len(), 1, "once, and none for the fee itself");
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn dues_are_listed_and_seen_by_their_branch_alone(engine: Engine) {
        let desk = Desk::open(engine).await;
        let due = desk.charge().await.remove(0);
        let other = desk.app.branch("B").await;
        let who = format!("receptionist.{other}");
        assert_eq!(desk.app.all(&who, "/dues").await.len(), 0);
        assert_eq!(desk.app.all(&who, &format!("/dues?branch={}", desk.branch)).await.len(), 0);
        desk.app.get(&who, &format!("/dues/{}", due["id"].as_str().unwrap())).await.expect(404);
        desk.app.get(&who, &format!("/students/{}/account", desk.student)).await.expect(404);
        let pay = desk.app.post(&who, "/payments", desk.cash(1)).await;
        assert_eq!(pay.refused(422), "branch_unknown");
        for (query, found) in [
            ("open=true", 1), ("open=false", 0), ("kind=fee", 1), ("kind=deposit", 0),
            ("due_by=2026-01-04", 0), ("due_by=2026-01-05", 1),
        ] {
            assert_eq!(desk.app.all("owner", &format!("/dues?{query}")).await.len(), found, "{query}");
        }
    }
}
