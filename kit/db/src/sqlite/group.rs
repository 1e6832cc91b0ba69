//! Group commit: writes that queued up while another was on its way to the disk share one COMMIT,
//! and with it one sync.
//!
//! Nobody is answered before the COMMIT, not even who failed: what one of them saw may have been
//! another's rows, and those are true only then. Who fails without having written (most refusals)
//! leaves nothing to take back. Who fails after it has written spoils the group: all of it is
//! rolled back and runs again carefully, each but the first in a savepoint that takes back its own
//! writes alone, and so do the next groups. SQLite copies every page that a savepoint touches, and
//! those who succeed have no use for the copies.
//!
//! When more than that is lost (SQLite rolls everything back when the disk is full, a deferred
//! constraint is found at COMMIT), nothing has happened yet, so everybody runs again alone and gets
//! the outcome of that. Only a COMMIT that ends in an input or output error cannot be repeated: it
//! may have happened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_kernel::{TenantId, Timestamp};

use super::conn::SqliteConn;
use super::writer::{Job, Writer};
use crate::DbError;
use crate::poll::panic_text;
use crate::tx::{Conn, Tx};

pub(super) struct Group<'a> {
    writer: &'a Writer,
    /// Where the connection goes back to.
    slot: &'a mut Option<SqliteConn>,
    begun: Instant,
    /// Whether each member gets a savepoint.
    careful: bool,
    members: Vec<Member>,
}

/// Who has no answer yet, in order.
#[derive(Default)]
pub(super) struct Left {
    /// Each runs alone.
    pub(super) alone: Vec<Box<dyn Job>>,
    /// They run together again, carefully, before those.
    pub(super) again: Vec<Box<dyn Job>>,
}

/// How it went with those who followed the first.
enum Followed {
    Well(SqliteConn),
    /// The transaction is gone.
    Lost,
    /// One that failed had written, and all is taken back.
    Spoiled,
}

struct Member {
    job: Box<dyn Job>,
    end: End,
}

/// How a closure ended.
enum End {
    /// Well, and it is part of the transaction.
    Wanted { due: Option<Timestamp> },
    /// By its own decision without a commit; it holds its answer itself.
    Refused,
    /// Without an answer of its own.
    Failed(DbError),
    /// It took more than its share of the others' time.
    Slow,
}

/// A closure has run.
struct Ran {
    /// Gone when the closure panicked where the connection could not be saved.
    conn: Option<SqliteConn>,
    end: End,
    /// Whether it left no savepoint of its own open.
    level: bool,
}

impl<'a> Group<'a> {
    pub(super) fn new(writer: &'a Writer, slot: &'a mut Option<SqliteConn>, careful: bool) -> Self {
        Self {
            writer,
            slot,
            begun: Instant::now(),
            careful,
            members: Vec::new(),
        }
    }

    /// Runs, commits and answers, in a begun transaction; who cannot be answered comes back.
    pub(super) fn write(
        mut self,
        conn: SqliteConn,
        mut lead: Box<dyn Job>,
        next: impl FnMut() -> Option<Box<dyn Job>>,
    ) -> Left {
        let cap = self.writer.context.max_transaction;
        let Ran { conn, end, .. } = self.run(conn, &mut lead, cap);
        let conn = match (conn, end) {
            (Some(conn), end @ End::Wanted { .. }) => {
                self.members.push(Member { job: lead, end });
                conn
            }
            // It saw nothing but what is committed, so its answer is the truth already.
            (conn, end) => {
                if let Some(conn) = conn {
                    self.give_back(conn);
                }
                answer(lead, end.outcome());
                return Left::default();
            }
        };
        match self.follow(conn, next) {
            Followed::Well(conn) => self.commit(conn),
            Followed::Lost => self.all_alone(),
            Followed::Spoiled => self.all_again(),
        }
    }

    /// Takes in those who wait.
    fn follow(
        &mut self,
        mut conn: SqliteConn,
        mut next: impl FnMut() -> Option<Box<dyn Job>>,
    ) -> Followed {
        let limits = self.writer.context.sqlite.group;
        let share = limits.share.min(self.writer.context.max_transaction);
        while self.members.len() < limits.writes
            && conn.bound() < limits.bytes
            && self.begun.elapsed() < limits.time
        {
            let Some(mut job) = next() else { break };
            if !job.awaited() {
                continue;
            }
            if self.careful
                && let Err(error) = conn.control("SAVEPOINT member")
            {
                self.give_back(conn);
                let end = End::Failed(error);
                self.members.push(Member { job, end });
                return Followed::Lost;
            }
            conn.forget_writes();
            let ran = self.run(conn, &mut job, share);
            let keep = matches!(ran.end, End::Wanted { .. });
            self.members.push(Member { job, end: ran.end });
            let Some(back) = ran.conn else {
                return Followed::Lost;
            };
            conn = back;
            let closed = if !keep && conn.transaction_ended() {
                Err(DbError::Poisoned)
            } else if !self.careful {
                if !keep && (conn.wrote() || !ran.level) {
                    self.give_back(conn);
                    return Followed::Spoiled;
                }
                Ok(())
            } else if keep {
                conn.control("RELEASE member")
            } else {
                conn.control("ROLLBACK TO member")
                    .and_then(|()| conn.control("RELEASE member"))
            };
            if closed.is_err() {
                self.give_back(conn);
                return Followed::Lost;
            }
        }
        Followed::Well(conn)
    }

    fn run(&self, conn: SqliteConn, job: &mut Box<dyn Job>, cap: Duration) -> Ran {
        let Writer {
            context, tenant, ..
        } = self.writer;
        conn.start(cap);
        let tx = Tx::new(
            Conn::Sqlite(conn),
            context.kernel.clone(),
            *tenant,
            Arc::clone(&context.stats),
        );
        let (tx, wanted) = match catch_unwind(AssertUnwindSafe(|| job.run(tx))) {
            Ok(ran) => ran,
            Err(panic) => {
                let end = End::Failed(DbError::Panicked(panic_text(panic.as_ref())));
                return Ran {
                    conn: None,
                    end,
                    level: false,
                };
            }
        };
        let due = tx.due();
        let level = tx.level();
        let whole = tx.committable();
        let Conn::Sqlite(conn) = tx.conn else {
            let detail = "a writer holds a connection of another engine";
            return Ran {
                conn: None,
                end: End::Failed(DbError::Other(detail.to_owned())),
                level,
            };
        };
        let late = conn.stop();
        let end = if late && cap < context.max_transaction {
            End::Slow
        } else if !wanted {
            End::Refused
        } else if let Err(error) = whole {
            End::Failed(error)
        } else if late {
            End::Failed(DbError::Timeout)
        } else {
            End::Wanted { due }
        };
        Ran {
            conn: Some(conn),
            end,
            level,
        }
    }

    fn commit(mut self, conn: SqliteConn) -> Left {
        let tenant = self.writer.tenant;
        let due = self.members.iter().filter_map(|one| one.end.due()).min();
        if let (Some(tenant), Some(due)) = (tenant, due)
            && let Err(error) = self.announce(tenant, due)
        {
            self.give_back(conn);
            return self.answer_some(&Err(error), |end| end.due().is_some());
        }
        let stats = Arc::clone(&self.writer.context.stats);
        let begun = Instant::now();
        let committed = conn.control("COMMIT");
        match &committed {
            Ok(()) => stats.committed(begun),
            Err(error) => stats.failed("commit", error),
        }
        match committed {
            Ok(()) => {
                self.give_back(conn);
                let told = catch_unwind(AssertUnwindSafe(|| {
                    self.writer.context.hook.after(tenant, due);
                }));
                if let Err(panic) = told {
                    tracing::error!(
                        panic = panic_text(panic.as_ref()),
                        "a panic in what follows a commit"
                    );
                }
                self.answer_some(&Ok(()), |end| !matches!(end, End::Slow))
            }
            // Failed input or output says nothing of what reached the disk: the log may hold the
            // commit and be replayed by the next to open the file. The connection's own view of the
            // log cannot be trusted either.
            Err(DbError::Unavailable(detail)) => {
                drop(conn);
                let unknown = Err(DbError::CommitUnknown(detail));
                self.answer_some(&unknown, |end| matches!(end, End::Wanted { .. }))
            }
            Err(error) => {
                self.give_back(conn);
                if self.members.len() == 1 {
                    return self.answer_some(&Err(error), |_| true);
                }
                self.all_alone()
            }
        }
    }

    /// The hook waits for control's own thread, so it can always go on; it is bounded all the same,
    /// because what it notes is only kept for a transaction that ends in time.
    fn announce(&self, tenant: TenantId, due: Timestamp) -> Result<(), DbError> {
        let context = &self.writer.context;
        let cap = context.max_transaction;
        let begun = Instant::now();
        let noted = catch_unwind(AssertUnwindSafe(|| {
            context.runtime.block_on(async {
                tokio::time::timeout(cap, context.hook.before(Some(tenant), Some(due)))
                    .await
                    .unwrap_or(Err(DbError::Timeout))
            })
        }));
        match noted {
            Err(panic) => Err(DbError::Panicked(panic_text(panic.as_ref()))),
            Ok(Ok(())) if begun.elapsed() > cap => Err(DbError::Timeout),
            Ok(noted) => noted,
        }
    }

    fn give_back(&mut self, conn: SqliteConn) {
        if conn.clean() {
            *self.slot = Some(conn);
        }
    }

    /// Answers those of `which`; the others must run alone. `outcome` is that of the transaction.
    fn answer_some(self, outcome: &Result<(), DbError>, which: impl Fn(&End) -> bool) -> Left {
        let mut left = Left::default();
        for Member { job, end } in self.members {
            if !which(&end) {
                left.alone.push(job);
            } else if outcome.is_err() {
                answer(job, outcome.clone());
            } else {
                answer(job, end.outcome());
            }
        }
        left
    }

    fn all_alone(self) -> Left {
        Left {
            alone: self.members.into_iter().map(|one| one.job).collect(),
            again: Vec::new(),
        }
    }

    /// Who was slow among others would be again.
    fn all_again(self) -> Left {
        let slow = |one: &Member| matches!(one.end, End::Slow);
        let (alone, again): (Vec<_>, Vec<_>) = self.members.into_iter().partition(slow);
        let jobs = |members: Vec<Member>| members.into_iter().map(|one| one.job).collect();
        Left {
            alone: jobs(alone),
            again: jobs(again),
        }
    }
}

impl End {
    fn outcome(self) -> Result<(), DbError> {
        match self {
            Self::Wanted { .. } | Self::Refused => Ok(()),
            Self::Failed(error) => Err(error),
            Self::Slow => Err(DbError::Timeout),
        }
    }

    const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Wanted { due } => *due,
            _ => None,
        }
    }
}

/// A caller's panic (dropping its own result) must not keep the others from their answers.
pub(super) fn answer(job: Box<dyn Job>, outcome: Result<(), DbError>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.finish(outcome))) {
        tracing::error!(
            panic = panic_text(panic.as_ref()),
            "a panic while a write was answered"
        );
    }
}
