//! Which PostgreSQL the tests use, and the databases they make there.

mod admin;

use std::sync::OnceLock;

use tokio_postgres::NoTls;

pub(crate) use admin::named_like;
pub use admin::{PREFIX, create, drop_family, fresh_name, sweep};

/// Names the server to use; set by `cargo xtask test`.
pub const URL_VARIABLE: &str = "GANTRY_TEST_POSTGRES_URL";

const LOCAL: &str = "127.0.0.1:5432";
/// Older ones lack what Gantry needs, such as `DROP DATABASE ... WITH (FORCE)`.
const OLDEST: i64 = 140_000;

/// Why there is no PostgreSQL to test on.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The server named by the environment cannot be used.
    #[error("the server in {URL_VARIABLE} cannot be used: {0}")]
    Named(String),
    /// Nothing usable answers on this machine.
    #[error(
        "no PostgreSQL for the tests on {LOCAL} ({0}); run `cargo xtask test`, which starts one, or \
         set {URL_VARIABLE}"
    )]
    None(String),
    /// A database that no test made.
    #[error("the database {0:?} is not one of the tests'")]
    NotOurs(String),
    /// A statement failed.
    #[error("{doing}: {source}")]
    Statement {
        /// What was being done.
        doing: String,
        /// The server's answer.
        source: tokio_postgres::Error,
    },
}

/// The address of a server on which the tests may create databases: the one in
/// `GANTRY_TEST_POSTGRES_URL`, else one on 127.0.0.1:5432 that lets us in without a password.
///
/// Looked up once per process. Panics with what to do when there is none: a missing engine fails
/// the run, it is never skipped.
pub fn postgres_url() -> String {
    static URL: OnceLock<Result<String, String>> = OnceLock::new();
    let found = URL.get_or_init(|| apart(find()).map_err(|error| error.to_string()));
    match found {
        Ok(url) => url.clone(),
        Err(error) => panic!("{error}"),
    }
}

/// Finds a usable server; the answer is its URL.
pub async fn find() -> Result<String, PostgresError> {
    if let Some(url) = std::env::var(URL_VARIABLE)
        .ok()
        .filter(|url| !url.is_empty())
    {
        check(&url).await.map_err(PostgresError::Named)?;
        return Ok(url);
    }
    let mut refusals = Vec::new();
    let me = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .ok();
    let root = rustix::process::geteuid()
        .is_root()
        .then(|| "root".to_owned());
    for user in me.into_iter().chain(root).chain(["postgres".to_owned()]) {
        let url = format!("postgres://{user}@{LOCAL}/postgres");
        match check(&url).await {
            Ok(()) => return Ok(url),
            Err(reason) => refusals.push(format!("as {user}: {reason}")),
        }
    }
    refusals.dedup();
    Err(PostgresError::None(refusals.join("; ")))
}

/// Whether the server at `url` is new enough and lets this role make databases.
async fn check(url: &str) -> Result<(), String> {
    let client = connect(url).await.map_err(|error| reason(&error))?;
    let row = client
        .query_one(
            "select current_setting('server_version_num')::bigint, rolsuper or rolcreatedb \
             from pg_roles where rolname = current_user",
            &[],
        )
        .await
        .map_err(|error| reason(&error))?;
    if row.get::<_, i64>(0) < OLDEST {
        return Err(format!("it is older than PostgreSQL {}", OLDEST / 10_000));
    }
    if row.get::<_, bool>(1) {
        Ok(())
    } else {
        Err("the role may not create databases".to_owned())
    }
}

/// A connection served by a task that ends with it.
pub(crate) async fn connect(url: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = url.parse()?;
    config.connect_timeout(std::time::Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the connection to PostgreSQL broke: {error}");
        }
    });
    Ok(client)
}

/// The error with its cause: the driver's own text often is only "db error".
fn reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Runs a future to its end on a thread and a runtime of its own: usable inside and outside of a
/// runtime, and in `drop`.
pub(crate) fn apart<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime for PostgreSQL").block_on(future)
        });
        worker.join().expect("the thread that speaks to PostgreSQL")
    })
}
