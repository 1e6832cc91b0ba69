//! Databases that get another name, and the connections that are in the way of that.

use std::time::Duration;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::admin::quoted;
use super::conn::PgConn;

/// Attempts while the server still ends connections.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Gives a database another name. What is still connected to it is ended: a pooler keeps connections that nobody uses.
pub(super) async fn rename(conn: &PgConn, from: &str, to: &str) -> Result<(), Error> {
    let text = format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to));
    for attempt in 1.. {
        disconnect(conn, from).await?;
        match conn.raw_batch(&text).await {
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < ATTEMPTS => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
    Ok(())
}

/// Ends all connections to a database.
pub(super) async fn disconnect(conn: &PgConn, database: &str) -> Result<(), Error> {
    let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    let client = conn.client();
    let ended = client.query_typed(text, &[(&database, Type::TEXT)]).await;
    ended.map(drop)
}
