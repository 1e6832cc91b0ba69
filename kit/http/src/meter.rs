//! How often each route is asked, how that ends and how long it takes: counted where the request ends, told by template,
//! never by what a client wrote.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gantry_kernel::Clock;
use gantry_telemetry::{Family, Histogram, Kind, Source, Value};
use http::Method;

/// The buckets that people compare services by, in nanoseconds.
const BOUNDS: &[u64] = &[
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];

/// What is counted when the client left before its answer was there; no answer has this status.
const LEFT: u16 = 499;

/// Methods that are told apart where there is no route; any other is `OTHER`.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
];

/// The counts of one route.
#[derive(Debug)]
pub(crate) struct Meter {
    method: &'static str,
    route: &'static str,
    /// What kind of log-in this is an attempt at, if it is one.
    attempt: Option<&'static str>,
    in_progress: AtomicI64,
    /// By status; a route has a handful.
    answers: RwLock<Vec<(u16, Arc<Histogram>)>>,
}

impl Meter {
    pub(crate) fn new(
        method: &Method,
        route: &'static str,
        attempt: Option<&'static str>,
    ) -> Arc<Self> {
        Self::named(known(method), route, attempt)
    }

    fn named(
        method: &'static str,
        route: &'static str,
        attempt: Option<&'static str>,
    ) -> Arc<Self> {
        Arc::new(Self {
            method,
            route,
            attempt,
            in_progress: AtomicI64::new(0),
            answers: RwLock::default(),
        })
    }

    fn count(&self, status: u16, took: Duration) {
        let find = |answers: &[(u16, Arc<Histogram>)]| {
            let found = answers.iter().find(|(known, _)| *known == status);
            found.map(|(_, histogram)| Arc::clone(histogram))
        };
        let known = find(&self.answers.read().unwrap_or_else(PoisonError::into_inner));
        let histogram = known.unwrap_or_else(|| {
            let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
            find(&answers).unwrap_or_else(|| {
                let new = Arc::new(Histogram::new(BOUNDS));
                answers.push((status, Arc::clone(&new)));
                new
            })
        });
        histogram.observe(took);
    }

    fn answers(&self) -> Vec<(u16, Arc<Histogram>)> {
        self.answers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One request to a route. Dropped without an answer it counts as one whose client left.
pub(crate) struct Running {
    meter: Arc<Meter>,
    clock: Arc<dyn Clock>,
    /// On the monotonic clock.
    started: Duration,
    answered: bool,
}

impl Running {
    pub(crate) fn new(meter: &Arc<Meter>, clock: &Arc<dyn Clock>, started: Duration) -> Self {
        meter.in_progress.fetch_add(1, Ordering::Relaxed);
        Self {
            meter: Arc::clone(meter),
            clock: Arc::clone(clock),
            started,
            answered: false,
        }
    }

    pub(crate) fn answered(mut self, status: u16, took: Duration) {
        self.answered = true;
        self.meter.count(status, took);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.meter.in_progress.fetch_sub(1, Ordering::Relaxed);
        if !self.answered {
            let took = self.clock.monotonic().saturating_sub(self.started);
            self.meter.count(LEFT, took);
        }
    }
}

/// The meters of a whole table, and of what has no route.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    routes: Vec<Arc<Meter>>,
    unrouted: Arc<[Arc<Meter>]>,
    site: Arc<Meter>,
}

impl Meters {
    pub(crate) fn new(routes: Vec<Arc<Meter>>) -> Self {
        Self {
            routes,
            unrouted: METHODS
                .iter()
                .map(|method| Meter::named(method, "none", None))
                .collect(),
            site: Meter::named("GET", "site", None),
        }
    }

    /// For a request that no route takes.
    pub(crate) fn unrouted(&self, method: &Method) -> &Arc<Meter> {
        let name = known(method);
        let found = self.unrouted.iter().find(|meter| meter.method == name);
        found.unwrap_or(&self.site)
    }

    /// For files of the web interface.
    pub(crate) const fn site(&self) -> &Arc<Meter> {
        &self.site
    }
}

fn known(method: &Method) -> &'static str {
    let name = METHODS.iter().find(|name| **name == method.as_str());
    name.copied().unwrap_or("OTHER")
}

impl Source for Meters {
    fn families(&self) -> Vec<Family> {
        let mut total = Family::new(
            Kind::Counter,
            "http_requests_total",
            "Requests; status 499 is a client that left before its answer",
        );
        let mut took = Family::new(
            Kind::Histogram,
            "http_request_duration_seconds",
            "How long requests took, from their head to their answer",
        );
        let mut in_progress = Family::new(
            Kind::Gauge,
            "http_requests_in_progress",
            "Requests being answered",
        );
        let mut attempts = Family::new(
            Kind::Counter,
            "auth_attempts_total",
            "Attempts to sign in or to prove who one is, by kind and outcome",
        );
        let mut outcomes: Vec<(&'static str, &'static str, u64)> = Vec::new();
        let all = self.routes.iter().chain(self.unrouted.iter());
        for meter in all.chain([&self.site]) {
            let answers = meter.answers();
            if answers.is_empty() && meter.in_progress.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let place = || {
                [
                    ("method", meter.method.into()),
                    ("route", meter.route.into()),
                ]
            };
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge is a floating point number"
            )]
            let running = meter.in_progress.load(Ordering::Relaxed).max(0) as f64;
            in_progress.push(place(), Value::Level(running));
            for (status, histogram) in answers {
                let durations = histogram.snapshot();
                let [method, route] = place();
                let labels = [method, route, ("status_code", status.to_string().into())];
                total.push(labels.clone(), Value::Count(durations.count()));
                if let Some(kind) = meter.attempt {
                    let outcome = outcome(status);
                    let known = outcomes
                        .iter_mut()
                        .find(|(of, how, _)| (*of, *how) == (kind, outcome));
                    match known {
                        Some((_, _, count)) => *count += durations.count(),
                        None => outcomes.push((kind, outcome, durations.count())),
                    }
                }
                took.push(labels, Value::Durations(durations));
            }
        }
        for (kind, status, count) in outcomes {
            let labels = [("type", kind.into()), ("status", status.into())];
            attempts.push(labels, Value::Count(count));
        }
        vec![total, took, in_progress, attempts]
    }
}

/// What the status of an answer says about an attempt.
const fn outcome(status: u16) -> &'static str {
    match status {
        202 => "second_factor",
        200..=299 => "success",
        429 => "limited",
        LEFT => "left",
        400..=498 => "failure",
        _ => "error",
    }
}
