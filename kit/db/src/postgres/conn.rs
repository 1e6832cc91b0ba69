//! One PostgreSQL connection: its prepared statements, its transaction, and whether it may go back
//! to the pool.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use gantry_kernel::column::Value;
use tokio::sync::oneshot;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::error::{connection_lost, failure, statement_outdated};
use super::target::Target;
use super::value::{Param, Plain};
use crate::{DbError, Engine, Sql};

/// Statements kept prepared per connection; beyond it all are forgotten and prepared again.
const STATEMENTS: usize = 512;

/// For a transaction whose work may take any time. Nothing of it outlives the transaction, so it may go through a pooler.
pub(crate) const UNBOUNDED: &str = "SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '60s'";

/// An argument of a statement that knows its engine, and its type.
pub(crate) type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// Limits the server enforces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) transaction: Duration,
    pub(crate) named_statements: bool,
    pub(crate) transaction_pooler: bool,
}

impl Limits {
    /// For servers without a pooler between.
    pub(crate) const fn new(transaction: Duration) -> Self {
        Self {
            transaction,
            named_statements: true,
            transaction_pooler: false,
        }
    }

    /// As this server's pooler can bear them.
    pub(crate) const fn with(self, server: &Target) -> Self {
        Self {
            transaction: self.transaction,
            named_statements: server.named_statements,
            transaction_pooler: server.transaction_pooler,
        }
    }

    /// As `SET` statements: once per connection, or per transaction behind a pooler.
    pub(crate) fn settings(&self, scope: &str) -> String {
        let millis = self.transaction.as_millis().max(1);
        format!(
            "SET {scope} statement_timeout = {millis}; SET {scope} lock_timeout = {millis}; \
             SET {scope} idle_in_transaction_session_timeout = {millis}"
        )
    }
}

/// A connection checked out of the pool.
pub(crate) struct PgConn {
    client: Client,
    limits: Limits,
    statements: HashMap<&'static str, Statement>,
    broken: bool,
    outdated: bool,
    fenced: bool,
    /// Told at the end how long answers under way may still be waited for.
    line: Option<oneshot::Sender<Duration>>,
}

/// How a COMMIT ended.
pub(crate) enum Commit {
    Done,
    /// Refused by the server, rolled back.
    Refused(DbError),
    /// Nobody knows.
    Unknown(String),
}

impl PgConn {
    pub(crate) fn new(client: Client, limits: Limits, line: oneshot::Sender<Duration>) -> Self {
        Self {
            client,
            limits,
            statements: HashMap::new(),
            broken: false,
            outdated: false,
            fenced: false,
            line: Some(line),
        }
    }

    pub(crate) async fn execute(&mut self, sql: Sql, args: &[Value]) -> Result<u64, DbError> {
        if !self.limits.named_statements {
            return self.unnamed(sql, args).await.map(|(_, count)| count);
        }
        let statement = self.statement(sql).await?;
        arity(&statement, args)?;
        let outcome = self
            .client
            .execute_raw(&statement, args.iter().map(Param))
            .await;
        self.note(outcome)
    }

    pub(crate) async fn query(&mut self, sql: Sql, args: &[Value]) -> Result<Vec<Row>, DbError> {
        if !self.limits.named_statements {
            return self.unnamed(sql, args).await.map(|(rows, _)| rows);
        }
        let statement = self.statement(sql).await?;
        arity(&statement, args)?;
        let outcome = match self
            .client
            .query_raw(&statement, args.iter().map(Param))
            .await
        {
            Ok(rows) => rows.try_collect().await,
            Err(error) => Err(error),
        };
        self.note(outcome)
    }

    /// In one message and without a name: nothing of it stays with the server, which behind a pooler may be another one
    /// the next time.
    async fn unnamed(&mut self, sql: Sql, args: &[Value]) -> Result<(Vec<Row>, u64), DbError> {
        let args = args.iter().map(|value| (Plain(value), Type::UNKNOWN));
        let text = sql.text(Engine::Postgres);
        let outcome = async {
            let mut stream = pin!(self.client.query_typed_raw(text, args).await?);
            let mut rows = Vec::new();
            while let Some(row) = stream.try_next().await? {
                rows.push(row);
            }
            Ok::<_, tokio_postgres::Error>((rows, stream.rows_affected().unwrap_or_default()))
        };
        let outcome = outcome.await;
        self.note(outcome)
    }

    pub(crate) async fn check(&mut self, sql: Sql) -> Result<(), DbError> {
        let outcome = self.client.prepare(sql.text(Engine::Postgres)).await;
        self.note(outcome).map(drop)
    }

    async fn statement(&mut self, sql: Sql) -> Result<Statement, DbError> {
        let text = sql.text(Engine::Postgres);
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let outcome = self.client.prepare(text).await;
        let statement = self.note(outcome)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }

    /// Text of ours without arguments.
    pub(crate) async fn batch(&mut self, text: &str) -> Result<(), DbError> {
        let outcome = self.client.batch_execute(text).await;
        self.note(outcome)
    }

    /// Begins, or finds out within the time of a transaction that nobody answers.
    pub(crate) async fn begin(&mut self, how: &str) -> Result<(), DbError> {
        let mut text = format!("BEGIN {how}");
        if self.limits.transaction_pooler {
            text = format!("{text}; {}", self.limits.settings("LOCAL"));
        }
        let patience = self.limits.transaction;
        if let Ok(outcome) = tokio::time::timeout(patience, self.batch(&text)).await {
            return outcome;
        }
        self.broken = true;
        Err(DbError::Unavailable(
            "the server does not answer".to_owned(),
        ))
    }

    /// Lets this transaction take longer than others.
    pub(crate) async fn allow(&mut self, cap: Duration) -> Result<(), DbError> {
        let limits = Limits {
            transaction: cap,
            ..self.limits
        };
        self.batch(&limits.settings("LOCAL")).await
    }

    pub(crate) async fn commit(&mut self) -> Commit {
        let asked = self.client.batch_execute("COMMIT");
        let Ok(answer) = tokio::time::timeout(self.limits.transaction, asked).await else {
            self.broken = true;
            return Commit::Unknown("the server does not answer".to_owned());
        };
        match answer {
            Ok(()) => Commit::Done,
            Err(error) if connection_lost(&error) => {
                self.broken = true;
                Commit::Unknown(failure(&error).to_string())
            }
            Err(error) => Commit::Refused(failure(&error)),
        }
    }

    /// For provisioning, which looks at the server's code.
    pub(crate) async fn raw_batch(&self, text: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(text).await
    }

    /// For migrations and provisioning, which know their engine. Without a name, so outside of a transaction too it may
    /// go through a pooler.
    pub(crate) async fn raw_query(
        &self,
        text: &str,
        args: &[Typed<'_>],
    ) -> Result<Vec<Row>, DbError> {
        let rows = self.client.query_typed(text, args).await;
        rows.map_err(|e| failure(&e))
    }

    /// As [`PgConn::raw_query`], for statements without rows.
    pub(crate) async fn raw_execute(&self, text: &str, args: &[Typed<'_>]) -> Result<u64, DbError> {
        let count = self.client.execute_typed(text, args).await;
        count.map_err(|e| failure(&e))
    }

    /// For loading a copy, which streams rows in. What is prepared with it has a name, so behind a pooler it must be
    /// inside of a transaction.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the server side may be another one in the next transaction.
    pub(crate) const fn is_pooled(&self) -> bool {
        self.limits.transaction_pooler
    }

    /// The connection is gone or in an unknown state.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken || self.client.is_closed()
    }

    /// The schema changed under the statements it keeps, as under those of its neighbours.
    pub(crate) const fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// A statement was refused because the database is moving.
    pub(crate) const fn is_fenced(&self) -> bool {
        self.fenced
    }

    fn note<T>(&mut self, outcome: Result<T, tokio_postgres::Error>) -> Result<T, DbError> {
        outcome.map_err(|error| {
            self.outdated |= statement_outdated(&error);
            self.broken |= self.outdated || connection_lost(&error);
            let failure = failure(&error);
            self.fenced |= matches!(failure, DbError::Moving);
            failure
        })
    }
}

impl Drop for PgConn {
    /// The driver keeps the socket until the last answer is there, which from a silent server is
    /// for ever, and with it a place in the pool.
    fn drop(&mut self) {
        let linger = if self.broken {
            Duration::ZERO
        } else {
            self.limits.transaction
        };
        if let Some(line) = self.line.take() {
            // It fails when the connection has ended before, which is as good.
            line.send(linger).ok();
        }
    }
}

fn arity(statement: &Statement, args: &[Value]) -> Result<(), DbError> {
    let wanted = statement.params().len();
    if wanted == args.len() {
        return Ok(());
    }
    Err(DbError::Other(format!(
        "the statement takes {wanted} arguments, {} were given",
        args.len()
    )))
}
