//! Tenants on files and on servers in one process, and on their way from one to another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use gantry_db::{
    Databases, DbConfig, DbError, Engine, Home, Placement, PostgresConfig, TenantDb, args,
    directory, sql,
};
use gantry_kernel::TenantId;

use crate::both;
use crate::support::{Room, SCHEMA, listed, tenant};

both!(a_fence_is_for_every_process, a_tenant_moves_under_writes);

/// Two rooms on the server are two servers to Gantry: their databases have nothing in common.
struct Rooms {
    control: Room,
    north: Room,
    south: Room,
}

impl Rooms {
    fn new(control: Room) -> Self {
        Self {
            control,
            north: Room::new(Engine::Postgres),
            south: Room::new(Engine::Postgres),
        }
    }

    fn config(&self) -> DbConfig {
        let mut config = self.control.config();
        for (name, room) in [("north", &self.north), ("south", &self.south)] {
            let mut server = PostgresConfig::new(room.url());
            server.max_connections = 12;
            config.clusters.insert(name.to_owned(), server);
        }
        config
    }

    async fn open(&self) -> Databases {
        let opened = self.control.open_with(self.config(), [SCHEMA]).await;
        opened.unwrap()
    }
}

async fn deposit(db: &TenantDb, id: i64) -> Result<(), DbError> {
    db.write(async move |tx| {
        tx.execute(
            sql!("INSERT INTO accounts (id, owner, balance) VALUES ($1, $2, 1)"),
            &args![id, id.to_string()],
        )
        .await?;
        tx.execute(
            sql!("UPDATE accounts SET balance = balance + 1 WHERE id = $1"),
            &args![id / 2],
        )
        .await
        .map(drop)
    })
    .await
}

async fn ids(db: &TenantDb) -> Result<Vec<i64>, DbError> {
    let rows: Vec<(i64,)> = db
        .read(async |tx| {
            tx.all(sql!("SELECT id FROM accounts ORDER BY id"), &args![])
                .await
        })
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

async fn home(dbs: &Databases, id: TenantId) -> Home {
    let found = dbs
        .control
        .read(async |tx| directory::by_id(tx, id).await)
        .await;
    Home::of(&found.unwrap().unwrap())
}

/// A second process with the database open is refused as the first one is; reads go on in both.
async fn a_fence_is_for_every_process(room: Room) {
    let (one, other) = (room.open().await, room.open().await);
    let db = tenant(&one).await;
    let id = db.id();
    let there = other.tenants.get(id).await.unwrap();
    deposit(&db, 1).await.unwrap();
    deposit(&there, 2).await.unwrap();
    one.tenants.hold_off(id).await.unwrap();
    for refused in [deposit(&db, 3).await, deposit(&there, 3).await] {
        assert!(matches!(refused, Err(DbError::Moving)), "{refused:?}");
    }
    assert_eq!(ids(&db).await.unwrap(), [1, 2]);
    assert_eq!(ids(&there).await.unwrap(), [1, 2]);
    // It is the same one that is found again.
    let again = other.tenants.get(id).await.unwrap();
    assert!(matches!(deposit(&again, 3).await, Err(DbError::Moving)));
    other.tenants.let_in(id).await.unwrap();
    deposit(&db, 3).await.unwrap();
    deposit(&there, 4).await.unwrap();
    assert_eq!(ids(&db).await.unwrap(), [1, 2, 3, 4]);
}

/// From control's home to a server, to another, and back, while eight callers write through two
/// processes (one, if control is a file). Every acknowledged write is there once, and no other.
async fn a_tenant_moves_under_writes(room: Room) {
    let rooms = Rooms::new(room);
    let one = rooms.open().await;
    let other = match rooms.control.engine {
        Engine::Sqlite => one.clone(),
        Engine::Postgres => rooms.open().await,
    };
    let own = one.tenants.homes().remove(0);
    let id = tenant(&one).await.id();
    let (over, next) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicI64::new(1)),
    );
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let dbs = if caller % 2 == 0 { &one } else { &other }.clone();
            let (over, next) = (Arc::clone(&over), Arc::clone(&next));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                let mut refused = 0;
                while !over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let outcome = match dbs.tenants.get(id).await {
                        Ok(db) => deposit(&db, number).await,
                        Err(error) => Err(error),
                    };
                    match outcome {
                        Ok(()) => acknowledged.push(number),
                        Err(error) if error.is_transient() => {
                            refused += 1;
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        Err(DbError::CommitUnknown(_)) => panic!("an unknown outcome"),
                        Err(error) => panic!("{error}"),
                    }
                }
                (acknowledged, refused)
            })
        })
        .collect();
    for to in ["north", "south", &own.to_string()] {
        let to = one.tenants.home(to).unwrap();
        let mut moving = one.tenants.relocate(id, &to).await.unwrap();
        moving.follow().await.unwrap();
        one.tenants.hold_off(id).await.unwrap();
        moving.follow().await.unwrap();
        assert_eq!(moving.follow().await.unwrap(), 0, "nothing is written now");
        moving.close_former().await.unwrap();
        let (from, former) = (home(&one, id).await, moving.replaced().to_owned());
        let moving = Arc::new(moving);
        let adopting = Arc::clone(&moving);
        one.control
            .write(async move |tx| adopting.adopt(tx).await)
            .await
            .unwrap();
        moving.adopted();
        assert_eq!(home(&one, id).await, to);
        let before = next.load(Ordering::Relaxed);
        while next.load(Ordering::Relaxed) < before + 50 {
            tokio::task::yield_now().await;
        }
        one.tenants.remove_database(&from, &former).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let (mut wanted, mut refused) = (Vec::new(), 0);
    for caller in callers {
        let (acknowledged, some) = caller.await.unwrap();
        wanted.extend(acknowledged);
        refused += some;
    }
    wanted.sort_unstable();
    for dbs in [&one, &other] {
        let db = dbs.tenants.get(id).await.unwrap();
        assert_eq!(ids(&db).await.unwrap(), wanted, "{refused} were refused");
    }
    let kept = one.tenants.remove_database(&own, "no such").await;
    assert!(kept.is_ok(), "what is not there is removed: {kept:?}");
}

/// New tenants go where there are fewest, as long as there is room.
#[tokio::test]
async fn new_tenants_are_spread_over_servers_up_to_their_ceiling() {
    let rooms = Rooms::new(Room::new(Engine::Postgres));
    let mut config = rooms.config();
    config.placement = Placement::LeastUsed;
    config.postgres.as_mut().unwrap().max_tenants = 1;
    for server in config.clusters.values_mut() {
        server.max_tenants = 2;
    }
    let dbs = rooms.control.open_with(config, [SCHEMA]).await.unwrap();
    let mut count = std::collections::BTreeMap::new();
    for _ in 0..5 {
        let db = tenant(&dbs).await;
        deposit(&db, 1).await.unwrap();
        let home = home(&dbs, db.id()).await.to_string();
        *count.entry(home).or_insert(0) += 1;
    }
    let counted: Vec<(&str, i32)> = count.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(counted, [("default", 1), ("north", 2), ("south", 2)]);
    let sixth = listed(&dbs, "sixth").await;
    let refused = dbs.tenants.provision(sixth).await;
    assert!(
        matches!(refused, Err(DbError::Overloaded(_))),
        "{refused:?}"
    );
}

/// A server that is away costs its own tenants only.
#[tokio::test]
async fn a_server_that_is_away_holds_up_nobody_else() {
    let rooms = Rooms::new(Room::new(Engine::Sqlite));
    let dbs = rooms.open().await;
    let (here, there) = (tenant(&dbs).await, tenant(&dbs).await);
    let north = dbs.tenants.home("north").unwrap();
    let moving = dbs.tenants.relocate(there.id(), &north).await.unwrap();
    let moving = Arc::new(moving);
    let adopting = Arc::clone(&moving);
    dbs.control
        .write(async move |tx| adopting.adopt(tx).await)
        .await
        .unwrap();
    let (here, there) = (here.id(), there.id());
    drop((moving, dbs));
    let mut config = rooms.config();
    let away = config.clusters.get_mut("north").unwrap();
    away.url = "postgres://root@127.0.0.1:1/away".to_owned();
    let dbs = rooms.control.open_with(config, [SCHEMA]).await.unwrap();
    deposit(&dbs.tenants.get(here).await.unwrap(), 1)
        .await
        .unwrap();
    let missing = dbs.tenants.get(there).await;
    assert!(
        matches!(missing, Err(DbError::Unavailable(_))),
        "{missing:?}"
    );
    let mut config = rooms.config();
    config.clusters.remove("north");
    let dbs = rooms.control.open_with(config, [SCHEMA]).await.unwrap();
    let missing = dbs.tenants.get(there).await;
    assert!(
        matches!(missing, Err(DbError::Unsupported(_))),
        "{missing:?}"
    );
}
