//! How many errors are sent: as many as the operator allows, and as the tracker takes.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderMap;

/// What the protocol says to wait when a tracker does not say how long.
const UNSAID: Duration = Duration::from_mins(1);

/// A window of one minute.
#[derive(Debug, Default)]
pub(super) struct PerMinute {
    most: u32,
    window: Mutex<(Duration, u32)>,
}

impl PerMinute {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            window: Mutex::default(),
        }
    }

    /// Whether one more is within the limit at this moment of the monotonic clock.
    pub(super) fn admits(&self, now: Duration) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, count) = &mut *window;
        if *count == 0 || now.saturating_sub(*began) >= Duration::from_mins(1) {
            (*began, *count) = (now, 0);
        }
        *count += 1;
        *count <= self.most
    }
}

/// How long a tracker wants to hear nothing of errors (`X-Sentry-Rate-Limits`, `Retry-After`).
pub(super) fn pause(refused: bool, headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let limits = text("x-sentry-rate-limits").map(|limits| {
        limits
            .split(',')
            .filter_map(|limit| {
                let mut parts = limit.trim().split(':');
                let seconds = parts.next()?.parse::<u64>().ok()?;
                let categories = parts.next().unwrap_or_default();
                let ours = categories.is_empty()
                    || categories
                        .split(';')
                        .any(|category| matches!(category, "error" | "default"));
                ours.then(|| Duration::from_secs(seconds))
            })
            .max()
    });
    match limits {
        // The newer field is the more exact one.
        Some(limit) => limit,
        None if refused => {
            let after = text("retry-after").and_then(|text| text.trim().parse().ok());
            Some(after.map_or(UNSAID, Duration::from_secs))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_tracker_is_obeyed_where_it_speaks_of_errors() {
        let seconds =
            |refused, pairs: &[_]| pause(refused, &headers(pairs)).map(|time| time.as_secs());
        assert_eq!(seconds(false, &[]), None);
        assert_eq!(seconds(true, &[]), Some(60));
        assert_eq!(seconds(true, &[("retry-after", "7")]), Some(7));
        let limits = |text| [("x-sentry-rate-limits", text)];
        assert_eq!(seconds(false, &limits("60:transaction:key")), None);
        assert_eq!(
            seconds(false, &limits("60:error;transaction:key, 2700:session")),
            Some(60)
        );
        assert_eq!(seconds(false, &limits("30::organization")), Some(30));
        assert_eq!(
            seconds(
                true,
                &[
                    ("retry-after", "7"),
                    ("x-sentry-rate-limits", "90:error:key")
                ]
            ),
            Some(90)
        );
    }

    #[test]
    fn a_minute_admits_so_many() {
        let limit = PerMinute::new(2);
        let at = Duration::from_secs;
        let seen: Vec<bool> = [100, 101, 102, 159, 160, 161, 162]
            .map(|now| limit.admits(at(now)))
            .into();
        assert_eq!(seen, [true, true, false, false, true, true, false]);
        assert!(!PerMinute::new(0).admits(at(5)));
    }
}
