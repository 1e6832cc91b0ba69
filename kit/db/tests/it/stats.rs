//! What databases measure about themselves, and what they say of slow statements.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_db::{Databases, Engine, args, sql};
use gantry_telemetry::{Sample, Value};
use tracing::instrument::WithSubscriber;

use crate::both;
use crate::support::{Room, SCHEMA, tenant};

fn samples(dbs: &Databases, family: &str) -> Vec<Sample> {
    let all = dbs.measures().families();
    let found = all.into_iter().find(|one| one.name == family);
    found.map(|family| family.samples).unwrap_or_default()
}

fn count(dbs: &Databases, family: &str, labels: &[(&str, &str)]) -> u64 {
    let fits = |sample: &Sample| {
        labels
            .iter()
            .all(|(name, value)| sample.label(name) == Some(*value))
    };
    samples(dbs, family)
        .iter()
        .filter(|sample| fits(sample))
        .map(|sample| match &sample.value {
            Value::Count(count) => *count,
            Value::Durations(durations) => durations.count(),
            Value::Amount(_) | Value::Level(_) => panic!("{sample:?}"),
        })
        .sum()
}

both!(
    statements_errors_and_opens_are_counted,
    a_slow_statement_is_told_with_its_text_and_without_its_values,
);

async fn statements_errors_and_opens_are_counted(room: Room) {
    let dbs = room.open().await;
    let db = tenant(&dbs).await;
    let id = db.id();
    let insert = [("operation", "insert"), ("table", "kinds")];
    let before = count(&dbs, "database_query_duration_seconds", &insert);
    for number in 0..5_i64 {
        db.write(async move |tx| {
            tx.execute(
                sql!("INSERT INTO kinds (id, t) VALUES ($1, $2)"),
                &args![number % 4, "x"],
            )
            .await
        })
        .await
        .ok();
    }
    let after = count(&dbs, "database_query_duration_seconds", &insert);
    assert_eq!(after - before, 5);
    let unique = [("operation", "insert"), ("error_type", "unique")];
    assert_eq!(count(&dbs, "database_errors_total", &unique), 1);
    assert!(count(&dbs, "database_commit_duration_seconds", &[]) >= 4);

    let cache = [("cache_type", "tenant_databases")];
    let hits = count(&dbs, "cache_hits_total", &cache);
    dbs.tenants.get(id).await.unwrap();
    assert_eq!(count(&dbs, "cache_hits_total", &cache), hits + 1);
    let misses = count(&dbs, "cache_misses_total", &cache);
    dbs.tenants.close(id);
    dbs.tenants.get(id).await.unwrap();
    assert_eq!(count(&dbs, "cache_misses_total", &cache), misses + 1);
    assert_eq!(samples(&dbs, "open_tenants")[0].value, Value::Level(1.0));
    assert_eq!(
        samples(&dbs, "database_writes_waiting")[0].value,
        Value::Level(0.0)
    );

    let measures = dbs.measures();
    drop(db);
    dbs.close().await.unwrap();
    assert!(
        measures.families().is_empty(),
        "who measures keeps no database open"
    );
}
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a read of `kinds` logs when statements are slow from `threshold` on.
async fn logged(engine: Engine, threshold: Option<Duration>) -> String {
    let room = Room::new(engine);
    let mut config = room.config();
    config.slow_statement = threshold;
    let dbs = room.open_with(config, [SCHEMA]).await.unwrap();
    let db = tenant(&dbs).await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    async {
        let read = db.read(async |tx| {
            tx.opt::<(i64,)>(
                sql!("SELECT id FROM kinds\n   WHERE t = $1"),
                &args!["a-value-of-somebody"],
            )
            .await
        });
        read.await.unwrap();
    }
    .with_subscriber(subscriber)
    .await;
    drop(db);
    dbs.close().await.unwrap();
    let text = lines.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

async fn a_slow_statement_is_told_with_its_text_and_without_its_values(room: Room) {
    let engine = room.engine;
    let told = logged(engine, Some(Duration::ZERO)).await;
    assert!(told.contains("slow statement"), "{told}");
    assert!(told.contains("SELECT id FROM kinds WHERE t = $1"), "{told}");
    assert!(!told.contains("a-value-of-somebody"), "{told}");
    assert_eq!(logged(engine, Some(Duration::from_hours(1))).await, "");
    assert_eq!(logged(engine, None).await, "");
}
