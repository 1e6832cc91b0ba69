//! The `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers, structured fields).

use std::fmt::Write as _;

use http::HeaderValue;

use crate::limit::Decision;

/// `"standard";q=100;w=60` for each applied limit.
pub(crate) fn policy_value(applied: &[(&'static str, Decision)]) -> Option<HeaderValue> {
    list(applied, |text, name, decision| {
        write!(
            text,
            "\"{name}\";q={};w={}",
            decision.quota.limit(),
            whole_seconds(decision.quota.period())
        )
    })
}

/// `"standard";r=99;t=1` for each applied limit; `t` is the whole seconds until the quota is whole again.
pub(crate) fn rate_limit_value(applied: &[(&'static str, Decision)]) -> Option<HeaderValue> {
    list(applied, |text, name, decision| {
        write!(
            text,
            "\"{name}\";r={};t={}",
            decision.remaining,
            whole_seconds(decision.reset)
        )
    })
}

/// Seconds rounded up, as a client that waits them must succeed.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn list(
    applied: &[(&'static str, Decision)],
    item: impl Fn(&mut String, &str, &Decision) -> std::fmt::Result,
) -> Option<HeaderValue> {
    let mut text = String::with_capacity(applied.len() * 32);
    for (name, decision) in applied {
        if !text.is_empty() {
            text.push_str(", ");
        }
        item(&mut text, name, decision).ok()?;
    }
    if text.is_empty() {
        None
    } else {
        HeaderValue::try_from(text).ok()
    }
}
