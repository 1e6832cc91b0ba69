//! The difference of two looks, in the numbers that people ask for.

use std::collections::BTreeMap;

use gantry_kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::look::Look;
use crate::Snapshot;

/// Tables shown: those that took the most time.
const TABLES: usize = 20;

/// How the process is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing of the below.
    Healthy,
    /// Requests take more than 1 s on average, more than 5 % fail with 5xx, or statements take more than 100 ms.
    Degraded,
    /// More than 3 s, 15 %, or 500 ms.
    Unhealthy,
}

/// How often something happened in a window, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Numbers {
    /// How often.
    pub count: u64,
    /// Mean duration in milliseconds; null if it did not happen.
    pub mean_ms: Option<f64>,
    /// What 95 of 100 stay below, in milliseconds, estimated from buckets; null if it did not happen.
    pub p95_ms: Option<f64>,
    /// How many failed: requests answered with 5xx, statements with an error.
    pub errors: u64,
}

/// Requests to one route.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Route {
    /// The method.
    pub method: String,
    /// The route's template; `none` for addresses without a route, `site` for files of the web interface.
    pub route: String,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: Numbers,
    /// How many were refused with 4xx.
    pub refused: u64,
}

/// Statements on one table.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Table {
    /// `select`, `insert`, `update`, `delete` or `other`.
    pub operation: String,
    /// The first table that the statement names.
    pub table: String,
    /// Its numbers; errors are not counted by table.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// How often a cache had the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cache {
    /// Which.
    pub cache: String,
    /// Found.
    pub hits: u64,
    /// Not found, so looked up.
    pub misses: u64,
}

/// What the process uses and holds at this moment; null where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Usage {
    /// Memory really in use.
    pub memory_bytes: Option<f64>,
    /// Share of one processor core that was used in the window.
    pub cpu: Option<f64>,
    /// Open files.
    pub open_files: Option<f64>,
    /// Seconds since the start.
    pub uptime_seconds: Option<f64>,
    /// Tenant databases that are open.
    pub open_tenants: Option<f64>,
    /// Jobs that are due and not running, of the platform.
    pub jobs_due: Option<f64>,
    /// Jobs given up, of the platform.
    pub jobs_dead: Option<f64>,
    /// Mails held, of the platform.
    pub mail_held: Option<f64>,
    /// Password hashes that wait for a thread.
    pub hashes_waiting: Option<f64>,
}

/// One point of a chart: what happened since the point before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// Its end.
    pub at: Option<Timestamp>,
    /// Requests.
    pub http: Numbers,
    /// Statements.
    pub database: Numbers,
    /// What was in use at its end.
    pub usage: Usage,
}

/// What happened lately.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Window {
    /// Its end.
    pub at: Option<Timestamp>,
    /// Its length in seconds: five minutes and a little, or since the start.
    pub seconds: f64,
    /// How the process is.
    pub health: Health,
    /// Requests.
    pub http: Numbers,
    /// Requests being answered at this moment.
    pub in_progress: f64,
    /// Routes that were asked for, the most frequent first.
    pub routes: Vec<Route>,
    /// Statements.
    pub database: Numbers,
    /// Statements by table, those that took the most time together first; at most twenty.
    pub tables: Vec<Table>,
    /// Caches.
    pub caches: Vec<Cache>,
    /// What is in use.
    pub usage: Usage,
    /// A point a minute for up to six hours, oldest first.
    pub points: Vec<Point>,
}

impl Numbers {
    fn of(took: Option<&Snapshot>, errors: u64) -> Self {
        let millis = |seconds: f64| (seconds * 1e6).round() / 1e3;
        Self {
            count: took.map_or(0, Snapshot::count),
            mean_ms: took.and_then(Snapshot::mean).map(millis),
            p95_ms: took.and_then(|took| took.quantile(0.95)).map(millis),
            errors,
        }
    }
}

impl Point {
    pub(super) fn between(begin: &Look, end: &Look) -> Self {
        Self {
            at: end.at,
            http: http(begin, end),
            database: database(begin, end),
            usage: usage(begin, end),
        }
    }
}

impl Window {
    pub(super) fn between(begin: &Look, end: &Look, points: Vec<Point>) -> Self {
        let (http, database) = (http(begin, end), database(begin, end));
        Self {
            at: end.at,
            seconds: end.monotonic.saturating_sub(begin.monotonic).as_secs_f64(),
            health: health(http, database),
            http,
            in_progress: end.in_progress,
            routes: routes(begin, end),
            database,
            tables: tables(begin, end),
            caches: caches(begin, end),
            usage: usage(begin, end),
            points,
        }
    }
}

fn health(http: Numbers, database: Numbers) -> Health {
    #[expect(clippy::cast_precision_loss, reason = "a share is no exact number")]
    let failed = http.errors as f64 / http.count.max(1) as f64;
    let beyond = |request_ms: f64, share: f64, statement_ms: f64| {
        http.mean_ms.is_some_and(|mean| mean > request_ms)
            || failed > share
            || database.mean_ms.is_some_and(|mean| mean > statement_ms)
    };
    if beyond(3_000.0, 0.15, 500.0) {
        Health::Unhealthy
    } else if beyond(1_000.0, 0.05, 100.0) {
        Health::Degraded
    } else {
        Health::Healthy
    }
}

/// What of each key was added between two looks; keys with nothing are left out.
fn grown<'a, K: Ord>(
    begin: &'a BTreeMap<K, Snapshot>,
    end: &'a BTreeMap<K, Snapshot>,
) -> impl Iterator<Item = (&'a K, Snapshot)> {
    end.iter()
        .map(|(key, now)| match begin.get(key) {
            Some(before) => (key, now.since(before)),
            None => (key, now.clone()),
        })
        .filter(|(_, took)| took.count() > 0)
}

fn merge(into: &mut Option<Snapshot>, took: &Snapshot) {
    match into {
        Some(all) => all.add(took),
        None => *into = Some(took.clone()),
    }
}

fn http(begin: &Look, end: &Look) -> Numbers {
    let (mut all, mut errors) = (None, 0);
    for ((_, _, status), took) in grown(&begin.requests, &end.requests) {
        if *status >= 500 {
            errors += took.count();
        }
        merge(&mut all, &took);
    }
    Numbers::of(all.as_ref(), errors)
}

fn routes(begin: &Look, end: &Look) -> Vec<Route> {
    let mut by_route: BTreeMap<(&str, &str), (Option<Snapshot>, u64, u64)> = BTreeMap::new();
    for ((method, route, status), took) in grown(&begin.requests, &end.requests) {
        let (all, errors, refused) = by_route.entry((method, route)).or_default();
        match status {
            400..=499 => *refused += took.count(),
            500.. => *errors += took.count(),
            _ => {}
        }
        merge(all, &took);
    }
    let mut routes: Vec<Route> = by_route
        .into_iter()
        .map(|((method, route), (all, errors, refused))| Route {
            method: method.to_owned(),
            route: route.to_owned(),
            numbers: Numbers::of(all.as_ref(), errors),
            refused,
        })
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.numbers.count));
    routes
}

fn database(begin: &Look, end: &Look) -> Numbers {
    let mut all = None;
    for (_, took) in grown(&begin.statements, &end.statements) {
        merge(&mut all, &took);
    }
    let errors = end.statement_errors.saturating_sub(begin.statement_errors);
    Numbers::of(all.as_ref(), errors)
}

fn tables(begin: &Look, end: &Look) -> Vec<Table> {
    let mut tables: Vec<(f64, Table)> = grown(&begin.statements, &end.statements)
        .map(|((operation, table), took)| {
            let table = Table {
                operation: operation.clone(),
                table: table.clone(),
                numbers: Numbers::of(Some(&took), 0),
            };
            (took.seconds(), table)
        })
        .collect();
    tables.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    tables.truncate(TABLES);
    tables.into_iter().map(|(_, table)| table).collect()
}

fn caches(begin: &Look, end: &Look) -> Vec<Cache> {
    end.caches
        .iter()
        .map(|(cache, (hits, misses))| {
            let before = begin.caches.get(cache).copied().unwrap_or_default();
            Cache {
                cache: cache.clone(),
                hits: hits.saturating_sub(before.0),
                misses: misses.saturating_sub(before.1),
            }
        })
        .collect()
}

fn usage(begin: &Look, end: &Look) -> Usage {
    let cpu = |look: &Look| look.gauge("process_cpu_seconds_total");
    let span = end.monotonic.saturating_sub(begin.monotonic).as_secs_f64();
    Usage {
        memory_bytes: end.gauge("process_resident_memory_bytes"),
        cpu: match (cpu(begin), cpu(end)) {
            (Some(before), Some(after)) if span > 0.0 => Some((after - before).max(0.0) / span),
            _ => None,
        },
        open_files: end.gauge("process_open_fds"),
        uptime_seconds: end.gauge("process_uptime_seconds"),
        open_tenants: end.gauge("open_tenants"),
        jobs_due: end.gauge("jobs_due"),
        jobs_dead: end.gauge("jobs_dead"),
        mail_held: end.gauge("mail_held"),
        hashes_waiting: end.gauge("password_hashes_waiting"),
    }
}
