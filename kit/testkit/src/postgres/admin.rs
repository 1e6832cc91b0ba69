//! Making, dropping and sweeping the tests' databases. Their names tell when they were made, so
//! that what a killed run left can be told from what a running one uses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use tokio_postgres::error::SqlState;

use super::{PostgresError, connect};

/// Every database of a test begins so: `gantry_t_<unix seconds>_<random>`, and its tenants' after it.
pub const PREFIX: &str = "gantry_t_";

/// Databases of a killed run are dropped once they are this old; no test takes so long.
const STALE: Duration = Duration::from_hours(1);

/// A drop forces a checkpoint; several at once share it.
const DROPS_AT_ONCE: usize = 8;

/// A name no other test has.
pub fn fresh_name() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let (random, _) = random.split_at(8);
    format!("{PREFIX}{}_{random}", unix_seconds())
}

/// Creates an empty database with the collation Gantry uses; the answer is its URL.
pub async fn create(server: &str, name: &str) -> Result<String, PostgresError> {
    let client = open(server).await?;
    let statement = format!(
        "create database \"{name}\" template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
    );
    run(&client, &statement).await?;
    Ok(with_database(server, name))
}

/// Drops `name` and every database whose name begins with it, connections or not.
pub async fn drop_family(server: &str, name: &str) -> Result<(), PostgresError> {
    // Anything else was made by somebody for something.
    if !name.starts_with(PREFIX) {
        return Err(PostgresError::NotOurs(name.to_owned()));
    }
    let names = named_like(server, name).await?;
    drop_all(server, &names).await
}

/// Drops what killed runs left behind; the answer is how many databases that were.
pub async fn sweep(server: &str) -> Result<usize, PostgresError> {
    let now = unix_seconds();
    let mut names = named_like(server, PREFIX).await?;
    names.retain(|name| is_stale(name, now));
    drop_all(server, &names).await?;
    Ok(names.len())
}

fn is_stale(name: &str, now: u64) -> bool {
    let made = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split('_').next()?.parse().ok());
    made.is_some_and(|made: u64| made.saturating_add(STALE.as_secs()) < now)
}

pub(crate) async fn named_like(server: &str, prefix: &str) -> Result<Vec<String>, PostgresError> {
    let client = open(server).await?;
    let rows = client
        .query(
            "select datname from pg_database where starts_with(datname, $1)",
            &[&prefix],
        )
        .await
        .map_err(statement("listing the tests' databases"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn drop_all(server: &str, names: &[String]) -> Result<(), PostgresError> {
    let drops = names.iter().cloned().map(|name| drop_one(server, name));
    let results: Vec<Result<(), PostgresError>> = futures_util::stream::iter(drops)
        .buffer_unordered(DROPS_AT_ONCE)
        .collect()
        .await;
    results.into_iter().collect()
}

async fn drop_one(server: &str, name: String) -> Result<(), PostgresError> {
    let client = open(server).await?;
    // A template database refuses to be dropped.
    let unmark = format!("alter database \"{name}\" is_template false");
    match client.batch_execute(&unmark).await {
        // Another run was faster, which is as good.
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => return Ok(()),
        result => result.map_err(statement(unmark.clone()))?,
    }
    run(
        &client,
        &format!("drop database if exists \"{name}\" with (force)"),
    )
    .await
}

async fn open(server: &str) -> Result<tokio_postgres::Client, PostgresError> {
    connect(server).await.map_err(statement("connecting"))
}

async fn run(client: &tokio_postgres::Client, text: &str) -> Result<(), PostgresError> {
    client.batch_execute(text).await.map_err(statement(text))
}

fn statement(doing: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> PostgresError {
    let doing = doing.into();
    move |source| PostgresError::Statement { doing, source }
}

/// The same server, another database.
fn with_database(server: &str, name: &str) -> String {
    let (head, query) = server.split_once('?').unwrap_or((server, ""));
    let start = head.find("://").map_or(0, |at| at + 3);
    let authority = head[start..]
        .find('/')
        .map_or(head, |at| &head[..start + at]);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{authority}/{name}{query}")
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::super::{apart, postgres_url};
    use super::*;

    #[test]
    fn the_database_in_a_url_is_replaced() {
        for (server, expected) in [
            (
                "postgres://me@127.0.0.1:5432/postgres",
                "postgres://me@127.0.0.1:5432/x",
            ),
            ("postgres://me:p@host", "postgres://me:p@host/x"),
            (
                "postgres://me@host/a?sslmode=disable",
                "postgres://me@host/x?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "x"), expected);
        }
    }

    #[test]
    fn only_old_databases_of_tests_are_stale() {
        let now = 1_800_000_000;
        assert!(is_stale("gantry_t_1799990000_ab12cd34", now));
        assert!(is_stale("gantry_t_1799990000_ab12cd34_0197", now));
        assert!(!is_stale("gantry_t_1799999000_ab12cd34", now));
        assert!(!is_stale("gantry_t_mine", now));
        assert!(!is_stale("gantry", now));
        assert!(!is_stale(&fresh_name(), unix_seconds()));
    }

    #[test]
    fn a_family_is_dropped_with_its_open_connections() {
        let server = postgres_url();
        let name = fresh_name();
        apart(async {
            let control = create(&server, &name).await.unwrap();
            create(&server, &format!("{name}_tenant")).await.unwrap();
            let held = connect(&control).await.unwrap();
            held.batch_execute("select 1").await.unwrap();
            assert_eq!(named_like(&server, &name).await.unwrap().len(), 2);
            drop_family(&server, &name).await.unwrap();
            assert!(named_like(&server, &name).await.unwrap().is_empty());
        });
    }

    #[test]
    fn sweeping_takes_the_old_and_leaves_the_new() {
        let server = postgres_url();
        let new = fresh_name();
        let old = format!("{PREFIX}1000_{}", new.rsplit('_').next().unwrap());
        apart(async {
            create(&server, &new).await.unwrap();
            create(&server, &old).await.unwrap();
            assert!(sweep(&server).await.unwrap() >= 1);
            assert!(named_like(&server, &old).await.unwrap().is_empty());
            assert_eq!(
                named_like(&server, &new).await.unwrap(),
                std::slice::from_ref(&new)
            );
            drop_family(&server, &new).await.unwrap();
        });
    }
}
