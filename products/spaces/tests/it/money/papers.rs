//! Documents: numbers without gaps, and nothing changed afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_db::{DbError, args, sql};
use gantry_kernel::Clock;
use gantry_testkit::both_engines;
use serde_json::json;

use super::Desk;

both_engines! {
    async fn fifty_desks_at_once_leave_no_gap(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        let other = desk.app.branch("B").await;
        let there = desk.app.student(&other, "Ravi Kumar", "9000000002").await["id"].as_str().unwrap().to_owned();
        let charge = |at: usize| {
            let (branch, student) = if at % 5 == 4 { (&other, &there) } else { (&desk.branch, &desk.student) };
            // Every seventh is refused.
            let parts = if at % 7 == 6 { json!([{ "due_on": "2026-01-05", "amount": 1 }]) } else { json!([]) };
            let other = json!({ "branch_id": branch, "title": format!("Desk {at}"), "price": 10_000, "pricing": "inclusive", "rate": 1800 });
            let body = json!({ "student_id": student, "for_what": { "other": other }, "instalments": parts });
            let app = &desk.app;
            async move {
                for _ in 0..20 {
                    let answer = app.post("receptionist", "/dues", body.clone()).await;
                    // A conflict that outlasts the attempts of the server is repeated by the client.
                    if answer.status != 503 {
                        return answer.status;
                    }
                }
                panic!("never served");
            }
        };
        let answers = futures_util::future::join_all((0..50).map(charge)).await;
        let refused = answers.iter().filter(|status| **status == 422).count();
        let made = answers.iter().filter(|status| **status == 201).count();
        assert_eq!((refused, made), (7, 43), "{answers:?}");
        let mut numbers: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for document in desk.app.all("owner", "/billing-documents?kind=invoice").await {
            let (series, number) = document["number"].as_str().unwrap().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.parse().unwrap())).unwrap();
            numbers.entry(series).or_default().push(number);
        }
        assert_eq!(numbers.len(), 2);
        for (series, mut found) in numbers {
            found.sort_unstable();
            let whole: Vec<i64> = (1..).take(found.len()).collect();
            assert_eq!(found, whole, "{series}");
        }
        assert_eq!(desk.verify().await.faults, []);
    }

    /// The financial year turns at midnight in the branch's time zone.
    async fn numbers_begin_anew_in_april(engine: Engine) {
        let desk = Desk::open(engine).await;
        let number = async || {
            let charged = desk.charge_other(1_000, json!({})).await;
            let path = format!("/billing-documents/{}", charged["invoice_id"].as_str().unwrap());
            desk.app.get("owner", &path).await.expect(200).json()["number"].as_str().unwrap().to_owned()
        };
        assert_eq!(number().await, "B1/I2526/00001");
        // To 31 March, 18:29 UTC: a minute before midnight in India.
        let now = desk.app.clock.now();
        let late: gantry_kernel::Timestamp = "2026-03-31T18:29:00Z".parse().unwrap();
        desk.app.clock.advance(late.since(now));
        assert_eq!(number().await, "B1/I2526/00002");
        desk.app.clock.advance(Duration::from_mins(1));
        assert_eq!(number().await, "B1/I2627/00001");
    }

    async fn a_document_is_printed_on_both_papers(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        let due = desk.charge().await.remove(0);
        let path = format!("/billing-documents/{}/pdf", due["invoice_id"].as_str().unwrap());
        for query in ["", "?paper=a4", "?paper=thermal"] {
            let printed = desk.app.get("receptionist", &format!("{path}{query}")).await.expect(200);
            assert_eq!(printed.header("content-type"), "application/pdf");
            assert!(printed.header("content-disposition").contains("PUN-I2526-00001.pdf"));
            assert!(printed.bytes.starts_with(b"%PDF-"));
        }
        desk.app.get("owner", &format!("{path}?paper=a5")).await.expect(422);
    }

    async fn an_issued_document_stays_as_it_is(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        let due = desk.charge().await.remove(0);
        let path = format!("/billing-documents/{}", due["invoice_id"].as_str().unwrap());
        let before = desk.app.get("owner", &path).await.expect(200).json();
        let billing = format!("/branches/{}/billing", desk.branch);
        let body = json!({ "legal_name": "Somebody Else", "prefix": "NEW" });
        desk.app.ask("owner", "PUT", &billing).json(&body).send().await.expect(200);
        let student = format!("/students/{}", desk.student);
        desk.app.ask("owner", "PATCH", &student).version(1).json(&json!({ "name": "Renamed" })).send().await.expect(200);
        assert_eq!(desk.app.get("owner", &path).await.expect(200).json(), before);
        for statement in [
            sql!("update billing_documents set total = total + 1"),
            sql!("delete from billing_documents"),
            sql! { sqlite: "insert or replace into billing_documents select * from billing_documents", postgres: "truncate billing_documents cascade" },
        ] {
            let refused: Result<u64, DbError> = desk.app.db.write(async move |tx| tx.execute(statement, &args![]).await).await;
            assert!(refused.is_err(), "{}", statement.text(engine));
        }
        let other = desk.app.branch("B").await;
        desk.app.get(&format!("receptionist.{other}"), &path).await.expect(404);
    }
}
