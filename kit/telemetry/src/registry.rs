//! All sources of a process, and their text for Prometheus.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;

use crate::histogram::seconds;
use crate::{Family, Kind, Sample, Source, Value};

/// The media type of [`Registry::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The sources of one process. Clones share them.
#[derive(Clone, Default)]
pub struct Registry(Arc<RwLock<Vec<Arc<dyn Source>>>>);

impl Registry {
    /// Adds a source.
    pub fn join(&self, source: Arc<dyn Source>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(source);
    }

    /// What all sources tell, each name once, by name.
    pub fn gather(&self) -> Vec<Family> {
        let sources = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut all: Vec<Family> = Vec::new();
        for family in sources.iter().flat_map(|source| source.families()) {
            match all.iter_mut().find(|known| known.name == family.name) {
                Some(known) => known.samples.extend(family.samples),
                None => all.push(family),
            }
        }
        all.sort_by_key(|family| family.name);
        all
    }

    /// Everything in the text format of Prometheus 0.0.4, which every collector reads.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(Gathered(self.gather())));
        let mut out = String::new();
        text::encode(&mut out, &registry)?;
        Ok(classic(&out))
    }
}

/// The library writes the newer format, where a counter is named without the suffix of its sample and the text has an end. In the
/// older format the words about a counter carry its whole name.
fn classic(text: &str) -> String {
    let mut counters = Vec::new();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.strip_suffix(" counter"))
        {
            counters.push(name);
        }
    }
    for line in text.lines().filter(|line| *line != "# EOF") {
        let about = ["# HELP ", "# TYPE "]
            .iter()
            .find_map(|start| Some((*start, line.strip_prefix(start)?.split_once(' ')?)));
        match about {
            Some((start, (name, rest))) if counters.contains(&name) => {
                out.extend([start, name, "_total ", rest]);
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Registry")
            .field("sources", &sources)
            .finish()
    }
}

#[derive(Debug)]
struct Gathered(Vec<Family>);

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            // The format appends the suffix of a counter by itself.
            let (name, kind) = match family.kind {
                Kind::Counter => {
                    let name = family.name.strip_suffix("_total").unwrap_or(family.name);
                    (name, MetricType::Counter)
                }
                Kind::Gauge => (family.name, MetricType::Gauge),
                Kind::Histogram => (family.name, MetricType::Histogram),
            };
            let help = family.help.trim_end_matches('.');
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for sample in &family.samples {
                if sample.labels.is_empty() {
                    write(&mut metric, sample)?;
                } else {
                    write(&mut metric.encode_family(&sample.labels)?, sample)?;
                }
            }
        }
        Ok(())
    }
}

fn write(metric: &mut MetricEncoder<'_>, sample: &Sample) -> fmt::Result {
    match &sample.value {
        Value::Count(count) => metric.encode_counter::<NoLabelSet, u64, u64>(count, None),
        Value::Amount(amount) => metric.encode_counter::<NoLabelSet, f64, u64>(amount, None),
        Value::Level(level) => metric.encode_gauge(level),
        Value::Durations(durations) => {
            let bounds = durations.bounds.iter().map(|bound| seconds(*bound));
            let buckets: Vec<(f64, u64)> = bounds
                .chain([f64::MAX])
                .zip(durations.counts.iter().copied())
                .collect();
            metric.encode_histogram::<NoLabelSet>(
                durations.seconds(),
                durations.count(),
                &buckets,
                None,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Histogram;

    struct Fixed(Vec<Family>);

    impl Source for Fixed {
        fn families(&self) -> Vec<Family> {
            self.0.clone()
        }
    }

    fn hits(cache: &'static str, count: u64) -> Family {
        let mut family = Family::new(Kind::Counter, "cache_hits_total", "Looked up and found.");
        family.push([("cache_type", cache.into())], Value::Count(count));
        family
    }

    #[test]
    fn a_name_of_several_sources_is_told_once() {
        const BOUNDS: &[u64] = &[5_000_000, 10_000_000];
        let took = Histogram::new(BOUNDS);
        took.observe(Duration::from_millis(7));
        let registry = Registry::default();
        registry.join(Arc::new(Fixed(vec![hits("a", 1)])));
        registry.join(Arc::new(Fixed(vec![
            hits("b", 2),
            Family::gauge("open_tenants", "Tenant databases that are open.", 3.0),
            Family::durations("job_seconds", "How long jobs took.", took.snapshot()),
            Family::new(Kind::Gauge, "nothing", "Without samples."),
        ])));
        assert_eq!(
            registry.text().unwrap(),
            "# HELP cache_hits_total Looked up and found\n\
             # TYPE cache_hits_total counter\n\
             cache_hits_total{cache_type=\"a\"} 1\n\
             cache_hits_total{cache_type=\"b\"} 2\n\
             # HELP job_seconds How long jobs took\n\
             # TYPE job_seconds histogram\n\
             job_seconds_sum 0.007\n\
             job_seconds_count 1\n\
             job_seconds_bucket{le=\"0.005\"} 0\n\
             job_seconds_bucket{le=\"0.01\"} 1\n\
             job_seconds_bucket{le=\"+Inf\"} 1\n\
             # HELP open_tenants Tenant databases that are open\n\
             # TYPE open_tenants gauge\n\
             open_tenants 3.0\n"
        );
    }
}
