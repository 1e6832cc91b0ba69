//! What a password hash costs on this machine, measured: a setting copied from elsewhere is a guess.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::phc::{self, Memory, SALT_BYTES};
use crate::{Cost, HashError, LEAST_MEMORY_KIB, MAX_MEMORY_KIB};

/// Hashes per thread and setting.
const ROUNDS: u32 = 4;

/// One setting under load.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    cost: Cost,
    /// From begin to end of one hash while every thread hashes.
    each: Duration,
    /// Of all threads together.
    per_second: f64,
}

/// Measures, on `threads` threads at once, for each number of passes the least memory that OWASP allows and, if there
/// is time left until `target`, the memory that uses it up. Takes some seconds. Errors: Argon2 refused a setting.
pub fn measure(threads: usize, target: Duration) -> Result<Vec<Measured>, HashError> {
    let mut found = Vec::new();
    for (passes, least) in (1..).zip(LEAST_MEMORY_KIB) {
        let cost = Cost {
            memory_kib: least,
            passes,
            lanes: 1,
        };
        let first = under_load(threads, cost)?;
        let wider = Cost {
            memory_kib: widened(least, first.each, target),
            ..cost
        };
        found.push(first);
        if wider.memory_kib > least {
            found.push(under_load(threads, wider)?);
        }
    }
    Ok(found)
}

/// The memory whose hash takes `target` if `memory_kib` takes `each`, in whole MiB; never less than it was.
fn widened(memory_kib: u32, each: Duration, target: Duration) -> u32 {
    let factor = target.as_secs_f64() / each.as_secs_f64().max(1e-6);
    let most = f64::from(MAX_MEMORY_KIB);
    let mib = (f64::from(memory_kib) * factor).min(most) / 1024.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the most that is allowed, which fits"
    )]
    let whole = mib.floor() as u32 * 1024;
    whole.max(memory_kib)
}

fn under_load(threads: usize, cost: Cost) -> Result<Measured, HashError> {
    let threads = threads.max(1);
    let begin = Instant::now();
    let times = std::thread::scope(|scope| {
        let work = || {
            let mut memory = Memory::default();
            // The first one pays for the memory, as the first log-in does; it is not counted.
            phc::hash(b"calibration", &[1; SALT_BYTES], cost, &mut memory)?;
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                phc::hash(b"calibration", &[1; SALT_BYTES], cost, &mut memory)?;
            }
            Ok::<_, HashError>(begin.elapsed())
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Ok(begin.elapsed())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let slowest = times.iter().max().copied().unwrap_or_default();
    let count = u32::try_from(threads).unwrap_or(u32::MAX);
    Ok(Measured {
        cost,
        each: slowest / ROUNDS,
        per_second: f64::from(ROUNDS) * f64::from(count) / slowest.as_secs_f64().max(1e-9),
    })
}

/// The setting that costs a guesser most within `target`: memory counts twice, because it is what special hardware
/// is short of. Without one that is quick enough, the quickest.
fn recommended(measured: &[Measured], target: Duration) -> Option<&Measured> {
    // What was widened to the target may miss it by a little.
    let within = |found: &&Measured| found.each <= target.mul_f64(1.1);
    let weight = |cost: Cost| u64::from(cost.memory_kib).pow(2) * u64::from(cost.passes);
    measured
        .iter()
        .filter(within)
        .max_by_key(|found| weight(found.cost))
        .or_else(|| measured.iter().min_by_key(|found| found.each))
}

/// The measurement as a table, and the lines for the configuration.
pub fn report(measured: &[Measured], threads: usize, target: Duration) -> String {
    let mut text = format!(
        "Argon2id, one lane, {threads} threads at once; a hash should take at most {} ms\n\n",
        target.as_millis()
    );
    text.push_str("passes  memory KiB  ms per hash  log-ins/s  memory of all threads\n");
    for found in measured {
        let all = u64::from(found.cost.memory_kib) * u64::try_from(threads).unwrap_or(u64::MAX);
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{:>6}  {:>10}  {:>11.1}  {:>9.1}  {:>17} MiB",
            found.cost.passes,
            found.cost.memory_kib,
            found.each.as_secs_f64() * 1e3,
            found.per_second,
            all / 1024,
        );
    }
    if let Some(best) = recommended(measured, target) {
        let slow = if best.each > target.mul_f64(1.1) {
            "# nothing OWASP allows is that quick here; this is the quickest\n"
        } else {
            ""
        };
        let _infallible = write!(
            text,
            "\n{slow}[identity]\nhash_memory_kib = {}\nhash_passes = {}\n",
            best.cost.memory_kib, best.cost.passes
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(memory_kib: u32, passes: u32, millis: u64) -> Measured {
        Measured {
            cost: Cost {
                memory_kib,
                passes,
                lanes: 1,
            },
            each: Duration::from_millis(millis),
            per_second: 1.0,
        }
    }

    #[test]
    fn the_most_memory_in_time_is_recommended() {
        let measured = [
            found(47_104, 1, 38),
            found(62_464, 1, 50),
            found(19_456, 2, 25),
            found(90_000, 2, 120),
        ];
        let target = Duration::from_millis(50);
        assert_eq!(
            recommended(&measured, target).unwrap().cost.memory_kib,
            62_464
        );
        let quickest = recommended(&measured, Duration::from_millis(5)).unwrap();
        assert_eq!(quickest.cost.memory_kib, 19_456);
        let text = report(&measured, 2, Duration::from_millis(5));
        assert!(text.contains("nothing OWASP allows"), "{text}");
        assert!(text.ends_with("hash_memory_kib = 19456\nhash_passes = 2\n"));
    }

    #[test]
    fn memory_grows_with_the_time_there_is() {
        let millis = Duration::from_millis;
        assert_eq!(widened(19_456, millis(25), millis(50)), 38 * 1024);
        assert_eq!(widened(19_456, millis(100), millis(50)), 19_456);
        assert_eq!(widened(19_456, millis(1), millis(5_000)), MAX_MEMORY_KIB);
    }

    #[test]
    fn a_measurement_is_of_real_hashes() {
        let cost = Cost {
            memory_kib: 1024,
            passes: 1,
            lanes: 1,
        };
        let (one, ten) = (cost, Cost { passes: 20, ..cost });
        let (one, ten) = (under_load(2, one).unwrap(), under_load(2, ten).unwrap());
        assert!(one.each > Duration::ZERO && one.per_second > 0.0);
        assert!(ten.each > one.each, "{ten:?} against {one:?}");
    }
}
