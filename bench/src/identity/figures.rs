//! The figures that have a target, out of the runs.

use std::time::Duration;

use super::measures::Measures;
use crate::load::{Taken, count, middle};
use crate::people::{LOG_INS, PEOPLE};
use crate::proc::Memory;
use crate::report::Verdict;

/// Memory of the server before the measurements.
pub(super) struct Resident {
    pub(super) idle: Memory,
    pub(super) after_log_ins: Memory,
    pub(super) settle: Duration,
}

pub(super) struct Figures {
    resident: Resident,
    at_the_end: Memory,
    pub(super) measures: Measures,
}

impl Figures {
    pub(super) fn new(resident: Resident, at_the_end: Memory, measures: Measures) -> Self {
        Self {
            resident,
            at_the_end,
            measures,
        }
    }

    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let Measures {
            refresh,
            public,
            bearer,
            cookie,
            first_use,
            least,
            signed_in,
            read,
            quiet,
            hashing,
            flooded,
            flood,
        } = &self.measures;
        let cpu = |rounds: &[Taken]| middle(rounds, Taken::server_us);
        let p99 = |rounds: &[Taken]| middle(rounds, |taken| count(taken.latency.p99));
        let over = |dear: &[Taken], cheap: &[Taken]| cpu(dear) - cpu(cheap);
        let hashed = middle(flood, |taken| rate(taken, 401));
        let refused = middle(flood, |taken| rate(taken, 503));
        let idle = self.resident.idle.now;
        vec![
            Verdict::at_most(
                "refresh with rotation, server CPU",
                cpu(refresh),
                500.0,
                "us",
            ),
            Verdict::at_most(
                "access token, membership and permission, server CPU: a tenant route over a public one",
                over(bearer, public),
                30.0,
                "us",
            ),
            Verdict::at_most(
                "session cookie, membership and permission, server CPU: the same",
                over(cookie, public),
                30.0,
                "us",
            ),
            Verdict::at_most(
                "access token alone, server CPU: `/api/v1/csrf-token` over `/healthz`",
                over(signed_in, least),
                30.0,
                "us",
            ),
            Verdict::told(
                "an access token seen for the first time: its signature is checked, on top of the above",
                format!("{:.1} us", over(first_use, bearer)),
            ),
            Verdict::told(
                "read of one row through all of it, server CPU",
                format!("{:.1} us", cpu(read)),
            ),
            Verdict::told(
                "passwords checked a second, with nothing else to do",
                format!("{:.0}", middle(hashing, Taken::per_second)),
            ),
            Verdict::at_most(
                "p99 of reads at a quarter of their capacity: with the flood over without",
                p99(flooded) / p99(quiet),
                2.0,
                "times",
            ),
            Verdict::told(
                "that p99, without and with the flood",
                format!("{:.0} and {:.0} us", p99(quiet), p99(flooded)),
            ),
            Verdict::told(
                "of the flood, checked and refused a second",
                format!("{hashed:.0} and {refused:.0}"),
            ),
            Verdict::at_most("memory of the fresh server, resident", idle, 60.0, "MiB"),
            Verdict::at_most(
                &format!(
                    "memory {:?} after {LOG_INS} log-ins, {PEOPLE} workspaces being open",
                    self.resident.settle
                ),
                self.resident.after_log_ins.now,
                60.0,
                "MiB",
            ),
            Verdict::told(
                "most memory ever, the floods included, and at the end",
                format!(
                    "{:.1} and {:.1} MiB",
                    self.at_the_end.peak, self.at_the_end.now
                ),
            ),
        ]
    }
}

/// Answers a second with this status.
fn rate(taken: &Taken, status: u16) -> f64 {
    let answers = taken.statuses.get(&status).copied().unwrap_or_default();
    count(answers) / taken.elapsed.as_secs_f64()
}
