//! An act that is cut off leaves nothing behind, neither in the book nor in a series.

use gantry_kernel::{Actor, IdentityId, Origin, Scope};
use gantry_spaces::money::payment::flow::{Take, take};
use gantry_spaces::money::payment::{Method, Payment};
use gantry_spaces::money::{Charge, Credit, Error, When, charge, credit};
use gantry_spaces::student::flow::By;
use gantry_testkit::both_engines;
use serde_json::json;

use super::Desk;

fn by() -> By {
    let identity: IdentityId = "01987c5e-5d5e-7cc0-8d51-00000000abcd".parse().unwrap();
    By {
        scope: Scope::All,
        actor: Actor::Identity(identity),
        origin: Origin::default(),
    }
}

both_engines! {
    async fn what_is_rolled_back_was_never_booked(engine: Engine) {
        let desk = Desk::open(engine).await;
        let first = desk.charge_other(10_000, json!({})).await;
        let (branch, student) = (desk.branch.parse().unwrap(), desk.student.parse().unwrap());
        let take_it = Take { branch, student, method: Method::Cash, amount: 4_000, reference: None, dues: None };
        // A sale, its payment and a credit in one transaction that fails at its end, as many times as a client tries.
        for _ in 0..3 {
            let (paid, ask) = (take_it.clone(), desk.plan.parse().unwrap());
            let cut: Result<(), Error> = desk.app.db.write(async move |tx| {
                let wanted = gantry_spaces::money::Wanted {
                    branch, plan: ask, version: None, zone: None, shifts: Vec::new(),
                    span: gantry_spaces::money::Span::Periods { from: "2026-01-05".parse().unwrap(), periods: 1 },
                    entering: false, discount: None, place_of_supply: None,
                };
                let today = "2026-01-05".parse().unwrap();
                let priced = gantry_spaces::money::quote(tx, &Scope::All, today, &wanted).await?;
                let charged = charge(tx, &by(), &Charge {
                    student, branch, membership: None, plan: Some((priced.plan.id, priced.plan.version)), discount: None,
                    lines: priced.quote.lines, when: When::On(today), place_of_supply: None, late_for: None,
                }).await?;
                take(tx, &by(), &paid).await?;
                let back = Credit { due: charged.dues[0].id, amount: 1_000, reason: "test".to_owned() };
                credit(tx, &by(), &back).await?;
                Err(Error::NotFound)
            }).await;
            assert!(matches!(cut, Err(Error::NotFound)), "{cut:?}");
        }
        assert_eq!(desk.standing().await, [10_000, 0, 0]);
        let numbers: Vec<_> = desk.app.all("owner", "/billing-documents").await.into_iter().map(|d| d["number"].clone()).collect();
        assert_eq!(numbers, [json!("B1/I2526/00001")]);
        let second = desk.charge_other(10_000, json!({})).await;
        let path = format!("/billing-documents/{}", second["invoice_id"].as_str().unwrap());
        assert_eq!(desk.app.get("owner", &path).await.expect(200).json()["number"], "B1/I2526/00002");
        assert_eq!(first["dues"][0]["left"], 10_000);
        assert_eq!(desk.verify().await.faults, []);
    }

    /// Dropped in the middle, as when a process dies: the transaction is taken back, and the next one goes on.
    async fn a_payment_that_is_dropped_is_whole_or_not_there(engine: Engine) {
        let desk = Desk::open(engine).await;
        let (branch, student) = (desk.branch.parse().unwrap(), desk.student.parse().unwrap());
        for _ in 0..5 {
            let what = Take { branch, student, method: Method::Cash, amount: 1_000, reference: None, dues: None };
            let paying = desk.app.db.write(async move |tx| -> Result<Payment, Error> { take(tx, &by(), &what).await });
            drop(futures_util::future::select(Box::pin(paying), std::future::ready(())).await);
        }
        // A dropped write may or may not have been carried out: what counts is that all of its parts agree.
        let payments = desk.app.all("owner", "/payments").await;
        let receipts = desk.app.all("owner", "/billing-documents?kind=receipt").await;
        assert_eq!(payments.len(), receipts.len());
        let advance = i64::try_from(payments.len()).unwrap() * 1_000;
        assert_eq!(desk.standing().await, [0, advance, 0]);
        let report = desk.verify().await;
        assert_eq!(usize::try_from(report.entries), Ok(payments.len()));
        assert_eq!(report.faults, []);
    }
}
