//! Sealed values and the master keys they need: everything moves, however it is interrupted, and nothing is lost.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use gantry_audit::chain::{self, SealKeys, Verifier};
use gantry_audit::{Entry, Target};
use gantry_db::{
    ControlTx, DbError, Migration, Migrations, TenantDb, TenantState, TenantTx, Tx, args,
    directory, sql,
};
use gantry_kernel::crypto::{Keyring, master_key_of};
use gantry_kernel::{Actor, Kernel, Slug, SystemEntropy, TenantId};
use gantry_runtime::config::Sources;
use gantry_runtime::{
    Manifest, MasterKeyError, Module, Parts, Process, Registry, SealedColumns, StartError,
    sealed_column,
};
use gantry_testkit::{TestDatabases, both_engines};

use crate::sample::{Gate, gated, module};

const FIRST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECOND: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

const VAULT: &[Migration] = &[Migration::new(
    "0001_vault",
    "create table vault (id {text} primary key, sealed_note {bytes});",
)];

/// A process whose only module keeps notes under seal, in control and in every tenant.
struct World {
    process: Process,
    keyring: Arc<Keyring>,
}

fn vault(found: &Arc<Mutex<Option<Arc<Keyring>>>>) -> Module {
    let mut manifest = Manifest::new("vault");
    manifest.migrations = Migrations {
        module: "vault",
        control: VAULT,
        tenant: VAULT,
    };
    manifest.sealed = SealedColumns {
        control: vec![sealed_column!("vault", "id", "sealed_note")],
        tenant: vec![sealed_column!("vault", "id", "sealed_note")],
    };
    let found = Arc::clone(found);
    module(manifest, move |cx| {
        *found.lock().unwrap() = Some(Arc::clone(&cx.keyring));
        Ok(Parts::default())
    })
}

async fn start(room: &TestDatabases, keys: &str) -> Result<World, StartError> {
    let found = Arc::default();
    let registry = Registry::new(vec![gated(&Gate::new()), vault(&found)]).unwrap();
    let mut env = vec![("GANTRY_MASTER_KEY".to_owned(), keys.to_owned())];
    env.extend(
        room.control_url()
            .map(|url| ("GANTRY_DATABASE__URL".to_owned(), url.to_owned())),
    );
    let sources = Sources {
        env: env.into_iter().collect(),
        ..Sources::default()
    };
    let config = registry.model().load(&sources).unwrap();
    let bound = "127.0.0.1:8080".parse().unwrap();
    let process =
        Process::assemble(registry, config, &room.data_dir(), Kernel::system(), bound).await?;
    let keyring = found.lock().unwrap().take().unwrap();
    Ok(World { process, keyring })
}

fn place(id: &str) -> String {
    format!("vault/sealed_note/{id}")
}

async fn append_and_seal(tx: &mut Tx, keys: &SealKeys) -> Result<(), DbError> {
    let entry = Entry::new(Actor::System, "test.done", Target::new("thing", "1"));
    gantry_audit::append(tx, entry).await?;
    let rows = chain::unsealed(tx, chain::BATCH).await?;
    chain::seal(tx, keys, &rows).await.map(drop)
}

impl World {
    /// One row and its seal, in control and in a tenant.
    async fn audit_and_seal(&self, tenant: &TenantDb) {
        let keys = SealKeys::new(Arc::clone(&self.keyring));
        let here = keys.clone();
        self.process
            .databases
            .control
            .write(async move |tx: &mut ControlTx| append_and_seal(tx, &here).await)
            .await
            .unwrap();
        tenant
            .write(async move |tx: &mut TenantTx| append_and_seal(tx, &keys).await)
            .await
            .unwrap();
    }

    fn seal(&self, id: &str, note: &str) -> Vec<u8> {
        self.keyring
            .seal(&SystemEntropy, &place(id), note.as_bytes())
            .unwrap()
    }

    /// Notes in control, each saying its own id.
    async fn keep(&self, count: usize) {
        let rows: Vec<(String, Vec<u8>)> = (0..count)
            .map(|n| format!("note-{n:04}"))
            .map(|id| (id.clone(), self.seal(&id, &id)))
            .collect();
        self.process
            .databases
            .control
            .write(async move |tx: &mut ControlTx| {
                for (id, sealed) in &rows {
                    let insert = sql!("insert into vault (id, sealed_note) values ($1, $2)");
                    tx.execute(insert, &args![id, sealed]).await?;
                }
                let empty = sql!("insert into vault (id) values ('note-without')");
                tx.execute(empty, &args![]).await
            })
            .await
            .unwrap();
    }

    async fn tenant(&self, slug: &str, state: TenantState) -> TenantDb {
        let databases = &self.process.databases;
        let id: TenantId = Kernel::system().id();
        let slug: Slug = slug.parse().unwrap();
        let insert =
            async move |tx: &mut ControlTx| directory::insert(tx, id, &slug, "A tenant").await;
        databases.control.write(insert).await.unwrap();
        let tenant = databases.tenants.provision(id).await.unwrap();
        let sealed = self.seal("note", "note");
        tenant
            .write(async move |tx| {
                let insert = sql!("insert into vault (id, sealed_note) values ('note', $1)");
                tx.execute(insert, &args![sealed]).await
            })
            .await
            .unwrap();
        self.set_state(id, state).await;
        tenant
    }

    async fn set_state(&self, id: TenantId, state: TenantState) {
        let set = async move |tx: &mut ControlTx| {
            directory::set_state(tx, id, state, None).await.map(drop)
        };
        self.process.databases.control.write(set).await.unwrap();
    }

    /// Opens all notes and says how many are under which key.
    async fn open_all(&self) -> (usize, usize) {
        let rows: Vec<(String, Vec<u8>)> = self
            .process
            .databases
            .control
            .read(async |tx: &mut ControlTx| {
                let all = sql!(
                    "select id, sealed_note from vault where sealed_note is not null order by id"
                );
                tx.all(all, &args![]).await
            })
            .await
            .unwrap();
        let (mut old, mut new) = (0, 0);
        for (id, sealed) in rows {
            let opened = self.keyring.open(&place(&id), &sealed).unwrap();
            assert!(opened.expose().starts_with(id.as_bytes()), "{id}");
            if master_key_of(&sealed) == Ok(self.keyring.current()) {
                new += 1;
            } else {
                old += 1;
            }
        }
        (old, new)
    }

    async fn stop(self) {
        self.process.databases.close().await.unwrap();
    }
}

fn both() -> String {
    format!("{SECOND}\n{FIRST}")
}

async fn refused(room: &TestDatabases, keys: &str) -> MasterKeyError {
    match start(room, keys).await {
        Err(StartError::MasterKey(error)) => error,
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

both_engines! {
    /// Old and new key, then everything moved, then the new key alone: in control and in tenants of every state.
    async fn everything_moves_and_then_the_old_key_can_go(engine: Engine) {
        let room = TestDatabases::new(engine);
        let world = start(&room, FIRST).await.unwrap();
        let old = world.keyring.current().to_owned();
        world.keep(250).await;
        for (slug, state) in [
            ("running", TenantState::Active),
            ("paused", TenantState::Suspended),
            ("shut", TenantState::Closed),
        ] {
            drop(world.tenant(slug, state).await);
        }
        world.stop().await;

        let world = start(&room, &both()).await.unwrap();
        let report = world.process.master_keys.report().await.unwrap();
        assert_eq!(report.needing(&old), 253);
        world.stop().await;
        let early = refused(&room, SECOND).await;
        assert!(matches!(&early, MasterKeyError::Incomplete { missing, .. } if *missing == [old.clone()]), "{early}");

        let world = start(&room, &both()).await.unwrap();
        let done = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!(done.moved["vault.sealed_note"], 253);
        assert_eq!((done.report.needing(&old), done.retired), (0, vec![old.clone()]));
        let again = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!((again.moved["vault.sealed_note"], again.retired.len()), (0, 0));
        assert_eq!(world.open_all().await, (0, 250));
        world.stop().await;

        let world = start(&room, SECOND).await.unwrap();
        assert_eq!(world.open_all().await, (0, 250));
        let audited: i64 = world
            .process
            .databases
            .control
            .read(async |tx: &mut ControlTx| {
                tx.one(
                    sql!("select count(*) from audit where action in ('runtime.master_key.changed', 'runtime.master_key.retired')"),
                    &args![],
                )
                .await
            })
            .await
            .unwrap();
        assert_eq!(audited, 2);
        world.stop().await;
        assert!(matches!(refused(&room, FIRST).await, MasterKeyError::Wrong { .. }));
    }

    /// Given up after any number of steps, what is stored is good, and the next run goes on from there.
    async fn a_run_that_ends_anywhere_is_taken_up_again(engine: Engine) {
        let room = TestDatabases::new(engine);
        let world = start(&room, FIRST).await.unwrap();
        let old = world.keyring.current().to_owned();
        world.keep(350).await;
        world.stop().await;
        let world = start(&room, &both()).await.unwrap();
        let mut halfway = false;
        for steps in 1.. {
            let mut run = pin!(world.process.master_keys.rewrap());
            let mut left = steps;
            let ended = poll_fn(|cx| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                run.as_mut().poll(cx).map(Some)
            })
            .await;
            let (before, after) = world.open_all().await;
            assert_eq!(before + after, 350);
            halfway |= before > 0 && after > 0;
            if let Some(done) = ended {
                assert_eq!((done.unwrap().report.needing(&old), before), (0, 0));
                break;
            }
        }
        assert!(halfway, "no run was given up in the middle");
        let left = world.process.master_keys.needed().await.unwrap();
        assert_eq!(left, [world.keyring.current()]);
        world.stop().await;
    }

    /// What a running server writes meanwhile is neither lost nor overwritten.
    async fn what_is_written_meanwhile_stays(engine: Engine) {
        let room = TestDatabases::new(engine);
        let world = start(&room, FIRST).await.unwrap();
        world.keep(300).await;
        world.stop().await;
        let world = start(&room, &both()).await.unwrap();
        let writes = async {
            for n in (0..300).step_by(7) {
                let id = format!("note-{n:04}");
                let sealed = world.seal(&id, &format!("{id} again"));
                world
                    .process
                    .databases
                    .control
                    .write(async move |tx: &mut ControlTx| {
                        let update = sql!("update vault set sealed_note = $2 where id = $1");
                        tx.execute(update, &args![id, sealed]).await
                    })
                    .await
                    .unwrap();
            }
        };
        let ((), done) = tokio::join!(writes, world.process.master_keys.rewrap());
        done.unwrap();
        assert_eq!(world.open_all().await, (0, 300));
        for n in (0..300).step_by(7) {
            let id = format!("note-{n:04}");
            let name = id.clone();
            let sealed: Vec<u8> = world
                .process
                .databases
                .control
                .read(async move |tx: &mut ControlTx| {
                    tx.one(sql!("select sealed_note from vault where id = $1"), &args![name]).await
                })
                .await
                .unwrap();
            let note = world.keyring.open(&place(&id), &sealed).unwrap();
            assert_eq!(note.expose(), format!("{id} again").as_bytes());
        }
        world.stop().await;
    }

    /// A tenant whose database cannot be read may need the old key: it stays, and the report says why.
    async fn an_old_key_stays_while_a_tenant_cannot_be_read(engine: Engine) {
        let room = TestDatabases::new(engine);
        let world = start(&room, FIRST).await.unwrap();
        let old = world.keyring.current().to_owned();
        world.keep(3).await;
        world.stop().await;
        let world = start(&room, &both()).await.unwrap();
        let id: TenantId = Kernel::system().id();
        let insert = async move |tx: &mut ControlTx| {
            directory::insert(tx, id, &"lost".parse().unwrap(), "A tenant").await?;
            directory::set_state(tx, id, TenantState::Active, None).await?;
            Ok::<_, DbError>(())
        };
        world.process.databases.control.write(insert).await.unwrap();
        let done = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!((done.report.failed.len(), done.retired.len()), (1, 0));
        assert_eq!(done.report.failed[0].0, id);
        assert_eq!(world.process.master_keys.needed().await.unwrap()[0], old);
        world.set_state(id, TenantState::Failed).await;
        let done = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!(done.retired, [old]);
        world.stop().await;
    }

    /// The ends of the audit logs are signed again, so that they verify without the old key; it is not called superfluous before.
    async fn audit_logs_verify_without_the_old_key(engine: Engine) {
        let room = TestDatabases::new(engine);
        let world = start(&room, FIRST).await.unwrap();
        let old = world.keyring.current().to_owned();
        let tenant = world.tenant("running", TenantState::Active).await;
        world.audit_and_seal(&tenant).await;
        let id = tenant.id();
        drop(tenant);
        world.stop().await;

        let world = start(&room, &both()).await.unwrap();
        let report = world.process.master_keys.report().await.unwrap();
        assert_eq!(report.uses[&("audit_seals".to_owned(), old.clone())], 2);
        let done = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!((done.moved["audit_seals"], done.report.needing(&old)), (2, 0));
        assert_eq!(done.retired, [old]);
        let again = world.process.master_keys.rewrap().await.unwrap();
        assert_eq!(again.moved["audit_seals"], 0);
        world.stop().await;

        let world = start(&room, SECOND).await.unwrap();
        let keys = SealKeys::new(Arc::clone(&world.keyring));
        let mut of_control = Verifier::new(keys.clone(), None, Vec::new());
        let mut of_tenant = Verifier::new(keys, Some(id), Vec::new());
        world.process.databases.control
            .read(async |tx: &mut ControlTx| of_control.page(tx).await)
            .await
            .unwrap();
        let tenant = world.process.databases.tenants.get(id).await.unwrap();
        tenant.read(async |tx: &mut TenantTx| of_tenant.page(tx).await).await.unwrap();
        for report in [of_control.report(), of_tenant.report()] {
            assert_eq!((report.rows, report.faults), (1, Vec::new()));
        }
        drop(tenant);
        world.stop().await;
    }

    /// Two first starts with different keys: one installation begins, the other start is refused.
    async fn of_two_first_keys_one_counts(engine: Engine) {
        let room = TestDatabases::new(engine);
        // The tables are there already, so that the two meet at the key and not before.
        let world = start(&room, FIRST).await.unwrap();
        let empty = async |tx: &mut ControlTx| tx.execute(sql!("delete from key_check"), &args![]).await;
        world.process.databases.control.write(empty).await.unwrap();
        world.stop().await;
        let (one, other) = tokio::join!(start(&room, FIRST), start(&room, SECOND));
        let mut won = 0;
        for started in [one, other] {
            match started {
                Ok(world) => {
                    won += 1;
                    world.stop().await;
                }
                Err(StartError::MasterKey(MasterKeyError::Wrong { .. })) => {}
                Err(error) => panic!("another refusal: {error}"),
            }
        }
        assert_eq!(won, 1);
    }
}
