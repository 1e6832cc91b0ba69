//! The chain: what is sealed, and that every way of changing it afterwards shows.

use std::sync::Arc;
use std::time::Duration;

use gantry_audit::chain::{self, COLUMNS, Expected, Head, Report, SealKeys, Verifier, hex};
use gantry_db::{DbError, Engine, FromRow, Row, Sql, Tx, args, sql};
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{Actor, IdentityId, Origin};
use gantry_testkit::both_engines;

use crate::{Setting, append, list, numbered, open};
use gantry_audit::{Entry, Facts, Filter, Target};

pub(crate) fn keys(id: &str) -> SealKeys {
    let byte = id.as_bytes()[1];
    SealKeys::new(Arc::new(Keyring::new(id, [byte; 32]).unwrap()))
}

/// What a runner does in control.
pub(crate) async fn seal(at: &Setting, keys: &SealKeys) -> Result<Head, DbError> {
    let control = &at.databases.control;
    let rows = control
        .read(async |tx| chain::unsealed(tx, 500).await)
        .await?;
    let (keys, rows) = (keys.clone(), Arc::new(rows));
    control
        .write(async move |tx| chain::seal(tx, &keys, &rows).await)
        .await
}

pub(crate) async fn verify(at: &Setting, keys: &SealKeys, known: Option<Head>) -> Report {
    let expected = known.map(|head| Expected {
        head,
        whence: "the test",
    });
    let mut verifier = Verifier::new(keys.clone(), None, expected.into_iter().collect());
    let control = &at.databases.control;
    while control
        .read(async |tx| verifier.page(tx).await)
        .await
        .unwrap()
    {}
    verifier.report()
}

/// `count` rows, sealed two at a time.
pub(crate) async fn sealed(engine: Engine, count: i64) -> Setting {
    let at = open(engine).await;
    for number in 1..=count {
        append(&at.databases.control, numbered(number)).await;
        if number % 2 == 0 || number == count {
            seal(&at, &keys("k1")).await.unwrap();
        }
    }
    at
}

/// Somebody with the database's own rights.
pub(crate) async fn run(at: &Setting, statements: &[Sql]) -> Result<(), DbError> {
    let statements = statements.to_vec();
    at.databases
        .control
        .write(async move |tx| {
            for statement in &statements {
                tx.execute(*statement, &args![]).await?;
            }
            Ok(())
        })
        .await
}

/// What holds them off: the triggers, which whoever owns the database can remove.
pub(crate) async fn disarm(at: &Setting) {
    let sqlite = vec![
        sql!("drop trigger audit_no_update"),
        sql!("drop trigger audit_no_delete"),
        sql!("drop trigger audit_no_replace"),
        sql!("drop trigger audit_chain_no_update"),
        sql!("drop trigger audit_chain_no_delete"),
        sql!("drop trigger audit_seals_no_update"),
        sql!("drop trigger audit_seals_no_delete"),
        sql!("drop trigger audit_unsealed_no_delete"),
    ];
    let postgres = vec![
        sql!("alter table audit disable trigger audit_no_change"),
        sql!("alter table audit disable trigger audit_no_delete"),
        sql!("alter table audit_chain disable trigger user"),
        sql!("alter table audit_seals disable trigger user"),
        sql!("alter table audit_unsealed disable trigger user"),
    ];
    let statements = match at.databases.engine() {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    };
    run(at, &statements).await.unwrap();
}

pub(crate) async fn row_at(at: &Setting, seq: i64) -> String {
    at.databases
        .control
        .read(async |tx| {
            tx.one::<String>(
                sql!("select row_id from audit_chain where seq = $1"),
                &args![seq],
            )
            .await
        })
        .await
        .unwrap()
}

async fn columns(tx: &mut Tx) -> Result<Vec<String>, DbError> {
    tx.all(
        sql! {
            sqlite: "select name from pragma_table_info('audit') order by name",
            postgres: "select column_name::text from information_schema.columns
                       where table_name = 'audit' order by 1",
        },
        &args![],
    )
    .await
}

/// The columns of a row, its sequence and its link.
struct Cells(Vec<Option<String>>, i64, Vec<u8>);

impl FromRow for Cells {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let mut cells = Vec::new();
        for name in COLUMNS {
            cells.push(match *name {
                "at" => Some(row.get::<i64>("at")?.to_string()),
                name => row.get(name)?,
            });
        }
        Ok(Self(cells, row.get("seq")?, row.get("link")?))
    }
}

both_engines! {
    /// A column that the hash forgets could be changed unseen.
    async fn every_column_of_the_table_is_hashed(engine: Engine) {
        let at = open(engine).await;
        let there = at.databases.control.read(async |tx| columns(tx).await).await.unwrap();
        assert_eq!(there, COLUMNS);
    }

    /// The links as the description says, computed by code that shares nothing with the kit's.
    async fn links_follow_from_the_description(engine: Engine) {
        use aws_lc_rs::digest::{SHA256, digest};
        let at = open(engine).await;
        let control = &at.databases.control;
        let (who, person): (IdentityId, IdentityId) = (at.kernel.id(), at.kernel.id());
        let origin = Origin {
            ip: Some("192.0.2.7".parse().unwrap()),
            user_agent: Some(String::new()),
            request_id: Some("req-1".to_owned()),
        };
        let actor = Actor::Impersonator { operator: who, person };
        let entry = Entry::new(actor, "test.thing.closed", Target::new("thing", "ä"))
            .about(at.kernel.id())
            .before(Facts::new().with("open", true))
            .after(Facts::new().with("open", false).with("note", None::<&str>))
            .origin(&origin);
        append(control, entry).await;
        append(control, numbered(2)).await;
        let head = seal(&at, &keys("k1")).await.unwrap();
        let rows: Vec<Cells> = control
            .read(async |tx| {
                tx.all(
                    sql!("select a.*, c.seq, c.link from audit a join audit_chain c on c.row_id = a.id order by seq"),
                    &args![],
                )
                .await
            })
            .await
            .unwrap();
        let mut link = digest(&SHA256, b"gantry-audit-genesis-v1\ncontrol").as_ref().to_vec();
        for Cells(cells, seq, kept) in rows {
            let mut bytes = [b"gantry-audit-link-v1\n", &link[..], &u64::try_from(seq).unwrap().to_be_bytes()[..]].concat();
            for (name, value) in COLUMNS.iter().zip(cells) {
                if let Some(value) = value {
                    bytes.extend(u32::try_from(name.len()).unwrap().to_be_bytes());
                    bytes.extend(name.as_bytes());
                    bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
                    bytes.extend(value.into_bytes());
                }
            }
            link = digest(&SHA256, &bytes).as_ref().to_vec();
            assert_eq!(hex(&link), hex(&kept), "sequence {seq}");
        }
        assert_eq!(hex(&link), hex(&head.link));
        assert_eq!(head.seq, 2);
    }

    /// What waits is shown as such, and a row that comes late with an early time is sealed all the same.
    async fn the_order_is_that_of_sealing_and_nothing_is_passed_over(engine: Engine) {
        let at = open(engine).await;
        let control = &at.databases.control;
        append(control, numbered(1)).await;
        let waiting = list(control, Filter::default(), None, 10).await;
        assert_eq!((waiting[0].sealed, waiting[0].sequence), (false, None));
        assert_eq!(verify(&at, &keys("k1"), None).await.waiting, 1);
        seal(&at, &keys("k1")).await.unwrap();
        let late = &[sql!(
            "insert into audit (id, at, actor_kind, action, target_kind, outcome)
             values ('00000000-0000-7000-8000-000000000000', 1, 'system', 'test.late', 'thing', 'done')"
        )];
        run(&at, late).await.unwrap();
        at.clock.advance(Duration::from_secs(1));
        append(control, numbered(3)).await;
        let head = seal(&at, &keys("k1")).await.unwrap();
        assert_eq!(head.seq, 3);
        assert_eq!(row_at(&at, 2).await, "00000000-0000-7000-8000-000000000000");
        let report = verify(&at, &keys("k1"), Some(head)).await;
        assert_eq!((report.rows, report.waiting, report.head), (3, 0, Some(head)));
        assert_eq!(report.faults, []);
        let listed = list(control, Filter::default(), None, 10).await;
        assert_eq!(listed.iter().map(|row| row.sequence).collect::<Vec<_>>(), [Some(3), Some(1), Some(2)]);
        // With nothing to do the chain and its seals stay as they are.
        assert_eq!(seal(&at, &keys("k1")).await.unwrap(), head);
        assert_eq!(control.read(async |tx| chain::seal_due(tx).await).await.unwrap(), None);
    }

    /// Two that seal the same rows: one does, and the chain has neither gap nor fork.
    async fn rows_are_sealed_once(engine: Engine) {
        let at = open(engine).await;
        let control = at.databases.control.clone();
        for number in 0..20 {
            append(&control, numbered(number)).await;
        }
        let rows = Arc::new(control.read(async |tx| chain::unsealed(tx, 500).await).await.unwrap());
        let attempts = (0..4).map(|_| {
            let (control, rows, keys) = (control.clone(), Arc::clone(&rows), keys("k1"));
            tokio::spawn(async move {
                control.write(async move |tx| chain::seal(tx, &keys, &rows).await).await
            })
        });
        let mut done = 0;
        for attempt in futures_util::future::join_all(attempts).await {
            done += usize::from(attempt.unwrap().is_ok());
        }
        assert_eq!(done, 1);
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!((report.rows, report.waiting), (20, 0));
        assert_eq!(report.faults, []);
    }

    /// While its triggers stand the database refuses.
    async fn the_chain_cannot_be_changed(engine: Engine) {
        let at = sealed(engine, 4).await;
        append(&at.databases.control, numbered(5)).await;
        let refused: &[&[Sql]] = &[
            &[sql!("update audit_chain set link = link")],
            &[sql!("delete from audit_chain where seq = 1")],
            &[sql!("delete from audit_chain where seq = 4")],
            &[sql!("update audit_seals set at = 0")],
            &[sql!("delete from audit_seals")],
            &[sql!("delete from audit_unsealed")],
            &[sql!("update audit_unsealed set at = 0")],
            &[sql!("delete from audit where id in (select row_id from audit_chain where seq = 1)")],
            &[sql! {
                sqlite: "insert or replace into audit_chain select * from audit_chain",
                postgres: "truncate audit_chain",
            }],
            &[sql! {
                sqlite: "insert or replace into audit_seals select * from audit_seals",
                postgres: "truncate audit_seals",
            }],
        ];
        for statement in refused {
            let outcome = run(&at, statement).await;
            assert!(outcome.is_err(), "allowed {}", statement[0].text(engine));
        }
        let report = verify(&at, &keys("k1"), None).await;
        assert_eq!((report.rows, report.waiting), (4, 1));
        assert_eq!(report.faults, []);
    }
}
