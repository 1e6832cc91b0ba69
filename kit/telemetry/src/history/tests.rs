use std::sync::Arc;

use gantry_kernel::{ManualClock, Timestamp};

use super::*;
use crate::{Family, Histogram, Kind, Source, Value};

const BOUNDS: &[u64] = &[10_000_000, 1_000_000_000, 5_000_000_000];

struct Server {
    good: Histogram,
    bad: Histogram,
    statements: Histogram,
}

impl Source for Server {
    fn families(&self) -> Vec<Family> {
        let mut requests =
            Family::new(Kind::Histogram, "http_request_duration_seconds", "Requests");
        for (status, took) in [("200", &self.good), ("500", &self.bad)] {
            let labels = [
                ("method", "GET".into()),
                ("route", "/things".into()),
                ("status_code", status.into()),
            ];
            requests.push(labels, Value::Durations(took.snapshot()));
        }
        let mut statements = Family::new(
            Kind::Histogram,
            "database_query_duration_seconds",
            "Statements",
        );
        let labels = [("operation", "select".into()), ("table", "things".into())];
        statements.push(labels, Value::Durations(self.statements.snapshot()));
        vec![requests, statements]
    }
}

struct Stage {
    clock: ManualClock,
    server: Arc<Server>,
    history: History,
}

impl Stage {
    fn new() -> Self {
        let clock = ManualClock::at(Timestamp::from_micros(0));
        let server = Arc::new(Server {
            good: Histogram::new(BOUNDS),
            bad: Histogram::new(BOUNDS),
            statements: Histogram::new(BOUNDS),
        });
        let registry = Registry::default();
        registry.join(Arc::clone(&server) as Arc<dyn Source>);
        Self {
            history: History::starting(registry, Kernel::manual(&clock, 1)),
            clock,
            server,
        }
    }

    fn pass(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(EVERY);
            self.clock.advance(step);
            self.history.note();
            left -= step;
        }
    }
}

#[test]
fn a_window_speaks_of_five_minutes_and_forgets_what_was_before() {
    let stage = Stage::new();
    for _ in 0..90 {
        stage.server.good.observe(Duration::from_millis(5));
    }
    for _ in 0..10 {
        stage.server.bad.observe(Duration::from_millis(500));
    }
    stage.server.statements.observe(Duration::from_millis(1));
    stage.pass(Duration::from_mins(1));
    let window = stage.history.window();
    assert_eq!((window.http.count, window.http.errors), (100, 10));
    assert_eq!(window.http.mean_ms, Some(54.5));
    assert_eq!(window.health, Health::Degraded, "10 % failed");
    assert_eq!(window.routes.len(), 1);
    assert_eq!(window.routes[0].numbers, window.http);
    assert_eq!(window.tables[0].table, "things");
    assert!((window.seconds - 60.0).abs() < 1e-9);

    stage.pass(Duration::from_mins(6));
    let window = stage.history.window();
    assert_eq!((window.http.count, window.http.mean_ms), (0, None));
    assert_eq!((window.health, window.routes.len()), (Health::Healthy, 0));
    assert!((window.seconds - 300.0).abs() < 1e-9);
}

#[test]
fn the_words_of_health_have_their_bounds() {
    for (millis, health) in [
        (900, Health::Healthy),
        (1_100, Health::Degraded),
        (3_100, Health::Unhealthy),
    ] {
        let stage = Stage::new();
        stage.server.good.observe(Duration::from_millis(millis));
        assert_eq!(stage.history.window().health, health, "{millis} ms");
    }
    for (millis, health) in [
        (90, Health::Healthy),
        (110, Health::Degraded),
        (510, Health::Unhealthy),
    ] {
        let stage = Stage::new();
        stage
            .server
            .statements
            .observe(Duration::from_millis(millis));
        assert_eq!(
            stage.history.window().health,
            health,
            "{millis} ms in the database"
        );
    }
}

#[test]
fn a_chart_has_a_point_a_minute_for_six_hours() {
    let stage = Stage::new();
    for minute in 0..400_u64 {
        for _ in 0..minute {
            stage.server.good.observe(Duration::from_millis(1));
        }
        stage.pass(Duration::from_mins(1));
    }
    let window = stage.history.window();
    assert_eq!(window.points.len(), 360);
    assert_eq!(window.points[0].http.count, 40);
    assert_eq!(window.points[359].http.count, 399);
    assert!(stage.history.kept().looks.len() <= 12, "memory is bounded");
}
