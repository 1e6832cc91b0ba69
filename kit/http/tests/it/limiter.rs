//! The limiter by itself: never more than the quota, never less.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gantry_http::{Limiter, Quota, Subject};
use gantry_kernel::{ManualClock, Period};
use proptest::prelude::*;

fn limiter(capacity: usize) -> (ManualClock, Limiter) {
    let clock = ManualClock::default();
    (clock.clone(), Limiter::new(Arc::new(clock), capacity))
}

proptest! {
    /// Over any stretch of any history, at most the quota plus what that stretch earns is let through; and a request is
    /// let through whenever the last whole period saw fewer than the quota.
    #[test]
    fn the_quota_is_exact(
        limit in 1_u32..20,
        per_seconds in 1_u32..120,
        gaps in prop::collection::vec(0_u64..5_000, 1..200),
    ) {
        let (clock, limiter) = limiter(1_000);
        let quota = Quota::new(limit, Period::seconds(per_seconds.into()));
        let interval = f64::from(per_seconds) / f64::from(limit);
        let mut now = 0.0;
        let mut passed: Vec<f64> = Vec::new();
        for gap in gaps {
            clock.advance(Duration::from_millis(gap));
            now += Duration::from_millis(gap).as_secs_f64();
            let decision = limiter.check("test", Subject::key("a"), quota);
            let recent = passed.iter().filter(|at| now - **at < f64::from(per_seconds)).count();
            if decision.allowed {
                passed.push(now);
                prop_assert_eq!(decision.retry_after, Duration::ZERO);
            } else {
                prop_assert!(recent >= 1);
                // Waiting as told is enough, to the nanosecond.
                clock.advance(decision.retry_after);
                now += decision.retry_after.as_secs_f64();
                prop_assert!(limiter.check("test", Subject::key("a"), quota).allowed);
                passed.push(now);
            }
            for (at, from) in passed.iter().enumerate() {
                let count = f64::from(u32::try_from(passed.len() - at).unwrap());
                let earned = (now - from) / interval;
                prop_assert!(count <= f64::from(limit) + earned + 1e-6);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_quota_is_read_as_it_is_written(limit in 1_u32.., millis in 1_u64..) {
        let quota = Quota::new(limit, Period::millis(millis));
        prop_assert_eq!(quota.to_string().parse(), Ok(quota));
        let json = serde_json::to_string(&quota).unwrap();
        prop_assert_eq!(serde_json::from_str::<Quota>(&json).unwrap(), quota);
    }

    #[test]
    fn no_text_makes_the_reader_of_quotas_panic(text: String) {
        drop(text.parse::<Quota>());
    }
}

#[test]
fn a_quota_has_a_number_and_a_period_with_its_unit() {
    assert_eq!("5/1h".parse(), Ok(Quota::new(5, Period::hours(1))));
    assert_eq!("10/1h30m".parse(), Ok(Quota::new(10, Period::minutes(90))));
    for text in [
        "",
        "5",
        "5/",
        "/1h",
        "0/1h",
        "5/0s",
        "5/60",
        "-5/1h",
        "5/1h/1h",
        "5 per hour",
    ] {
        assert!(text.parse::<Quota>().is_err(), "{text}");
    }
}

#[test]
fn a_burst_of_the_whole_quota_passes_and_then_one_per_interval() {
    let (clock, limiter) = limiter(1_000);
    let quota = Quota::new(5, Period::seconds(10));
    let ask = || limiter.check("test", Subject::key("a"), quota);
    for left in (0..5).rev() {
        let decision = ask();
        assert!(decision.allowed);
        assert_eq!(decision.remaining, left);
    }
    let refused = ask();
    assert_eq!((refused.allowed, refused.remaining), (false, 0));
    assert_eq!(refused.retry_after, Duration::from_secs(2));
    clock.advance(Duration::from_secs(2));
    assert!(ask().allowed && !ask().allowed);
    clock.advance(Duration::from_secs(1_000));
    assert_eq!(ask().remaining, 4);
}

#[test]
fn subjects_and_classes_do_not_share() {
    let (_, limiter) = limiter(1_000);
    let quota = Quota::new(1, Period::minutes(1));
    assert!(limiter.check("a", Subject::key("x"), quota).allowed);
    assert!(limiter.check("a", Subject::key("y"), quota).allowed);
    assert!(limiter.check("b", Subject::key("x"), quota).allowed);
    assert!(!limiter.check("a", Subject::key("x"), quota).allowed);
    assert!(!limiter.peek("a", Subject::key("x"), quota).allowed);
    limiter.forget("a", Subject::key("x"));
    assert!(limiter.peek("a", Subject::key("x"), quota).allowed);
    assert!(limiter.check("a", Subject::key("x"), quota).allowed);
}

#[test]
fn an_ipv6_subscriber_is_one_subject_and_mapped_ipv4_is_ipv4() {
    let subject = |text: &str| Subject::address(text.parse::<IpAddr>().unwrap());
    assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::9"));
    assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
    assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
}

#[test]
fn a_flood_of_subjects_is_bounded_and_forgets_idle_ones_first() {
    let (clock, limiter) = limiter(1_600);
    let heavy = Quota::new(10, Period::minutes(1));
    for _ in 0..10 {
        limiter.check("test", Subject::key("victim"), heavy);
    }
    for n in 0..20_000 {
        limiter.check("test", Subject::key(n), heavy);
        assert!(limiter.len() <= 1_600);
    }
    assert!(!limiter.peek("test", Subject::key("victim"), heavy).allowed);
    clock.advance(Duration::from_hours(1));
    for n in 0..20_000 {
        limiter.check("test", Subject::key(n), heavy);
    }
    assert!(limiter.len() <= 1_600);
}
