//! The audit log on both engines, in control and in a tenant.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod chain;
mod retention;
mod tamper;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_audit::{Cursor, Entry, Facts, Filter, Outcome, Record, Target};
use gantry_db::CommitHook;
use gantry_db::{ControlDb, Databases, DbError, MigrationSet, args, sql};
use gantry_kernel::{Actor, IdentityId, Kernel, ManualClock, Origin, TenantId, Timestamp};
use gantry_testkit::{Engine, TestDatabases, both_engines};

struct Setting {
    databases: Databases,
    clock: ManualClock,
    kernel: Kernel,
    _place: TestDatabases,
}

/// Stands for the one of kit/jobs, without which no tenant's row could be committed.
struct Deaf;

impl CommitHook for Deaf {
    fn before_commit(&self, _: TenantId, _: Timestamp) -> BoxFuture<'_, Result<(), DbError>> {
        async { Ok(()) }.boxed()
    }

    fn after_commit(&self, _: Option<TenantId>, _: Timestamp) {}
}

async fn open(engine: Engine) -> Setting {
    let place = TestDatabases::new(engine);
    let clock = ManualClock::default();
    let kernel = Kernel::manual(&clock, 7);
    let set = MigrationSet::new([gantry_audit::MIGRATIONS]).unwrap();
    let databases = Databases::open(place.config(), kernel.clone(), set)
        .await
        .unwrap();
    databases.install_hook(Arc::new(Deaf)).unwrap();
    Setting {
        databases,
        clock,
        kernel,
        _place: place,
    }
}

async fn append(control: &ControlDb, entry: Entry) {
    control
        .write(async move |tx| gantry_audit::append(tx, entry.clone()).await.map(drop))
        .await
        .unwrap();
}

async fn list(
    control: &ControlDb,
    filter: Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Vec<Record> {
    control
        .read(async |tx| gantry_audit::list(tx, &filter, after, limit).await)
        .await
        .unwrap()
}

fn numbered(number: i64) -> Entry {
    Entry::new(
        Actor::System,
        "test.thing.made",
        Target::new("thing", number),
    )
    .after(Facts::new().with("number", number))
}

both_engines! {
    /// What was written comes back whole.
    async fn a_row_keeps_everything(engine: Engine) {
        let at = open(engine).await;
        let control = &at.databases.control;
        let (who, tenant): (IdentityId, TenantId) = (at.kernel.id(), at.kernel.id());
        let origin = Origin {
            ip: Some("192.0.2.7".parse().unwrap()),
            user_agent: Some("x".repeat(500)),
            request_id: Some("req-1".to_owned()),
        };
        let entry = Entry::new(Actor::Operator(who), "test.thing.closed", Target::new("thing", 5))
            .about(tenant)
            .before(Facts::new().with("open", true))
            .after(Facts::new().with("open", false).with("note", None::<&str>))
            .origin(&origin)
            .denied();
        append(control, entry).await;
        let rows = list(control, Filter { tenant: Some(tenant), ..Filter::default() }, None, 10).await;
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.actor_kind.as_str(), row.actor_id), ("operator", Some(who)));
        assert_eq!((row.target_kind.as_str(), row.target_id.as_deref()), ("thing", Some("5")));
        assert_eq!(row.outcome, Outcome::Denied);
        assert_eq!(row.before.as_ref().unwrap()["open"], true);
        assert_eq!(row.after.as_ref().unwrap()["open"], false);
        assert_eq!(row.ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(row.user_agent.as_ref().unwrap().chars().count(), gantry_kernel::MAX_USER_AGENT);
        assert_eq!(row.request_id.as_deref(), Some("req-1"));
    }

    /// Pages cover every row once, newest first, also rows of one instant.
    async fn pages_are_complete_and_ordered(engine: Engine) {
        let at = open(engine).await;
        let control = &at.databases.control;
        for number in 0..25 {
            append(control, numbered(number)).await;
            if number % 5 == 4 {
                at.clock.advance(Duration::from_secs(1));
            }
        }
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(control, Filter::default(), after, 4).await;
            let Some(last) = page.last() else { break };
            after = Some(Cursor::from(last));
            seen.extend(page.iter().map(|row| (row.at, row.id)));
        }
        assert_eq!(seen.len(), 25);
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice");
        let one = Filter { target_id: Some("7".to_owned()), ..Filter::default() };
        assert_eq!(list(control, one, None, 10).await.len(), 1);
        let denied = Filter { outcome: Some(Outcome::Denied), ..Filter::default() };
        assert!(list(control, denied, None, 10).await.is_empty());
    }

    /// The row shares the fate of the effect.
    async fn a_rolled_back_effect_leaves_no_row(engine: Engine) {
        let at = open(engine).await;
        let control = &at.databases.control;
        let refused: Result<(), DbError> = control
            .write(async move |tx| {
                gantry_audit::append(tx, numbered(1)).await?;
                Err(DbError::NoRow)
            })
            .await;
        assert!(refused.is_err());
        assert!(list(control, Filter::default(), None, 10).await.is_empty());
    }

    /// The database itself refuses to change or remove rows, in both kinds of database.
    async fn rows_cannot_be_changed_or_removed(engine: Engine) {
        let at = open(engine).await;
        let control = at.databases.control.clone();
        append(&control, numbered(1)).await;
        let id: TenantId = at.kernel.id();
        let slug = "acme".parse().unwrap();
        control
            .write(async move |tx| gantry_db::directory::insert(tx, id, &slug, "Acme").await.map(drop))
            .await
            .unwrap();
        let tenant = at.databases.tenants.provision(id).await.unwrap();
        tenant
            .write(async move |tx| gantry_audit::append(tx, numbered(2)).await.map(drop))
            .await
            .unwrap();
        let update = sql!("update audit set action = 'nothing'");
        let delete = sql!("delete from audit");
        let replace = sql! {
            sqlite: "insert or replace into audit select * from audit",
            postgres: "truncate audit",
        };
        for statement in [update, delete, replace] {
            let refused =
                control.write(async move |tx| tx.execute(statement, &args![]).await).await;
            assert!(refused.is_err(), "control allowed {}", statement.text(engine));
            let refused = tenant.write(async move |tx| tx.execute(statement, &args![]).await).await;
            assert!(refused.is_err(), "a tenant allowed {}", statement.text(engine));
        }
        assert_eq!(list(&control, Filter::default(), None, 10).await.len(), 1);
        let kept = tenant
            .read(async |tx| gantry_audit::list(tx, &Filter::default(), None, 10).await)
            .await
            .unwrap();
        assert_eq!(kept.len(), 1);
    }
}
