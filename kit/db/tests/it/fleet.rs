//! More tenants than may be open at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gantry_db::{DbError, Engine, TenantDb, args, sql};
use gantry_kernel::{Entropy, SeededEntropy, TenantId};

use crate::support::{Room, SCHEMA, tenant};

const TENANTS: usize = 120;
const OPEN: usize = 12;
const CALLERS: u64 = 8;
const TURNS: usize = 60;

async fn deposit(db: &TenantDb) -> Result<i64, DbError> {
    db.write(async |tx| {
        let (balance,): (i64,) = tx
            .one(
                sql!(
                    "INSERT INTO accounts (id, owner, balance) VALUES (1, 'a', 1) \
                     ON CONFLICT (id) DO UPDATE SET balance = accounts.balance + 1 \
                     RETURNING balance"
                ),
                &args![],
            )
            .await?;
        Ok(balance)
    })
    .await
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tenants_take_turns_in_few_places_and_lose_no_write() {
    let room = Room::new(Engine::Sqlite);
    let mut config = room.config();
    config.max_open_tenants = Some(OPEN);
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let mut fleet = Vec::new();
    for _ in 0..TENANTS {
        fleet.push(tenant(&dbs).await.id());
    }
    let fleet = Arc::new(fleet);
    let deposits: Arc<Mutex<BTreeMap<TenantId, i64>>> = Arc::default();
    let callers: Vec<_> = (0..CALLERS)
        .map(|seed| {
            let (dbs, fleet) = (dbs.clone(), Arc::clone(&fleet));
            let deposits = Arc::clone(&deposits);
            tokio::spawn(async move {
                let entropy = SeededEntropy::new(seed);
                for _ in 0..TURNS {
                    let mut byte = [0];
                    entropy.fill(&mut byte);
                    let id = fleet[usize::from(byte[0]) % TENANTS];
                    // Held across both, so it must not be closed between them.
                    let db = dbs.tenants.get(id).await.unwrap();
                    let balance = deposit(&db).await.unwrap();
                    *deposits.lock().unwrap().entry(id).or_default() += 1;
                    let (seen,): (i64,) = db
                        .read(async |tx| {
                            tx.one(sql!("SELECT balance FROM accounts"), &args![]).await
                        })
                        .await
                        .unwrap_or_else(|e: DbError| panic!("{e}"));
                    assert!(seen >= balance);
                    assert!(dbs.tenants.open_count() <= OPEN);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let deposits = deposits.lock().unwrap().clone();
    for (id, balance) in deposits {
        let db = dbs.tenants.get(id).await.unwrap();
        let (seen,): (i64,) = db
            .read(async |tx| tx.one(sql!("SELECT balance FROM accounts"), &args![]).await)
            .await
            .unwrap_or_else(|e: DbError| panic!("{e}"));
        assert_eq!(seen, balance);
    }
    // A tenant that was written and read holds five files; all of them would hold 600.
    let files = descriptors();
    assert!(files < 300, "{files} files are open");
}
