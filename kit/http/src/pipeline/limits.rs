//! Which limits a request counts against.

use gantry_kernel::TenantId;

use super::Inner;
use super::head::{Trail, refuse};
use crate::authority::{Principal, Standing};
use crate::limit::{Decision, Quota, Subject};
use crate::problem::{Failure, codes};
use crate::route::{AccessRule, Endpoint};

/// Name of the limit on credentials that are no good.
const BAD_CREDENTIALS: &str = "bad_credentials";

impl Inner {
    /// Limits by address, for routes that know nobody better.
    pub(super) fn limit_stranger(
        &self,
        trail: &mut Trail,
        endpoint: &Endpoint,
    ) -> Result<(), Failure> {
        let AccessRule::Public(_) = endpoint.access else {
            return Ok(());
        };
        let class = endpoint.options.class;
        if class.counts_standard() {
            self.count_stranger(trail)?;
        }
        match class.extra(&self.settings.raw.limits) {
            Some((name, quota)) => self.count(trail, name, stranger(trail), quota),
            None => Ok(()),
        }
    }

    /// Whether credentials from this address are still worth looking at: recognising them is work, and whoever guesses
    /// has had its share of it. Counts nothing.
    pub(super) fn weigh_credentials(&self, trail: &mut Trail) -> Result<(), Failure> {
        if self.settings.raw.limits.off {
            return Ok(());
        }
        let quota = self.settings.raw.limits.bad_credentials;
        let decision = self.limiter.peek(BAD_CREDENTIALS, stranger(trail), quota);
        if decision.allowed {
            return Ok(());
        }
        Self::decide(trail, BAD_CREDENTIALS, decision)
    }

    /// Counts credentials that were no good.
    pub(super) fn count_bad_credentials(&self, trail: &mut Trail) -> Result<(), Failure> {
        let quota = self.settings.raw.limits.bad_credentials;
        self.count(trail, BAD_CREDENTIALS, stranger(trail), quota)
    }

    /// Counts a request without credentials.
    pub(super) fn count_stranger(&self, trail: &mut Trail) -> Result<(), Failure> {
        self.count(
            trail,
            "anonymous",
            stranger(trail),
            self.settings.raw.limits.anonymous,
        )
    }

    /// Limits by person, before it is known whether they may. People behind one address do not share anything.
    pub(super) fn limit_person(
        &self,
        trail: &mut Trail,
        endpoint: &Endpoint,
        principal: &Principal,
    ) -> Result<(), Failure> {
        if !endpoint.options.class.counts_standard() {
            return Ok(());
        }
        let limits = &self.settings.raw.limits;
        let (name, subject, quota) = match &principal.standing {
            Standing::Session(_) => (
                "interactive",
                Subject::key(principal.identity),
                limits.interactive,
            ),
            Standing::Key(key) => ("machine", Subject::key(key), limits.machine),
        };
        self.count(trail, name, subject, quota)
    }

    /// Limits on what is really done: the route's class, and the tenant's total.
    pub(super) fn limit_work(
        &self,
        trail: &mut Trail,
        endpoint: &Endpoint,
        principal: &Principal,
        tenant: Option<TenantId>,
    ) -> Result<(), Failure> {
        let limits = &self.settings.raw.limits;
        let (class, person) = (endpoint.options.class, principal.identity);
        if let Some((name, quota)) = class.extra(limits) {
            self.count(trail, name, Subject::key(person), quota)?;
        }
        match tenant {
            Some(tenant) if class.counts_standard() => {
                self.count(trail, "tenant", Subject::key(tenant), limits.tenant)
            }
            _ => Ok(()),
        }
    }

    fn count(
        &self,
        trail: &mut Trail,
        name: &'static str,
        subject: Subject,
        quota: Quota,
    ) -> Result<(), Failure> {
        if self.settings.raw.limits.off {
            return Ok(());
        }
        Self::decide(trail, name, self.limiter.check(name, subject, quota))
    }

    fn decide(trail: &mut Trail, name: &'static str, decision: Decision) -> Result<(), Failure> {
        trail.limits.push((name, decision));
        if decision.allowed {
            return Ok(());
        }
        let mut failure = refuse(
            codes::RATE_LIMITED,
            format!("the limit {name} ({}) is used up", decision.quota),
        );
        failure.problem.retry_after = Some(decision.retry_after);
        Err(failure)
    }
}

fn stranger(trail: &Trail) -> Subject {
    trail
        .ip
        .map_or_else(|| Subject::key("in process"), Subject::address)
}
