//! The ledger on both engines, in control and in a tenant.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod model;
mod refusals;
mod tamper;

use gantry_db::TenantDb;
use gantry_kernel::{Actor, CivilDate, Currency, Money};
use gantry_ledger::{Account, Code, Entry, EntryId, Kind, Refusal, Report, Verifier, post};
use gantry_testkit::{Engine, Stage};

const CASH: Code = Code::new(Kind::Asset, "test.cash");
const OWED: Code = Code::new(Kind::Asset, "test.owed");
const HELD: Code = Code::new(Kind::Liability, "test.held");
const FEES: Code = Code::new(Kind::Income, "test.fees");
const RENT: Code = Code::new(Kind::Expense, "test.rent");

async fn open(engine: Engine) -> (Stage, TenantDb) {
    let modules = [gantry_jobs::MIGRATIONS, gantry_ledger::MIGRATIONS];
    let stage = Stage::new(engine, modules).await;
    let db = stage.tenant("alpha").await;
    (stage, db)
}

fn day(number: i32) -> CivilDate {
    CivilDate::from_days_since_epoch(20_000 + number).unwrap()
}

fn rupees(amount: i64) -> Money {
    Money::new(amount, Currency::INR)
}

fn entry(cause: &str, on: i32) -> Entry {
    Entry::new("test.act", cause, day(on), Actor::System)
}

fn moved(cause: &str, on: i32, amount: i64, from: Account, to: Account) -> Entry {
    entry(cause, on)
        .debit(to, rupees(amount))
        .credit(from, rupees(amount))
}

async fn write(db: &TenantDb, entry: Entry) -> Result<EntryId, Refusal> {
    db.write(async move |tx| post(tx, entry.clone()).await)
        .await
}

async fn verify(db: &TenantDb) -> Report {
    let mut verifier = Verifier::new();
    while db.read(async |tx| verifier.page(tx).await).await.unwrap() {}
    verifier.report()
}
