//! Waiting for another process, with a bound and a reason.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Between two looks. Short, because most waits end soon; the bound is the caller's.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is `Ok`, and panics with the last `Err` once `deadline` has passed.
///
/// ```
/// # use std::time::Duration;
/// # gantry_testkit::engines::block_on(async {
/// let mut looks = 0;
/// let seen = gantry_testkit::eventually("the third look", Duration::from_secs(5), async || {
///     looks += 1;
///     if looks == 3 { Ok(looks) } else { Err(format!("look {looks}")) }
/// })
/// .await;
/// assert_eq!(seen, 3);
/// # });
/// ```
pub async fn eventually<T, E, F>(what: &str, deadline: Duration, mut ask: F) -> T
where
    E: Display,
    F: AsyncFnMut() -> Result<T, E>,
{
    let start = Instant::now();
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(error) if start.elapsed() >= deadline => {
                panic!("{what} did not come within {deadline:?}: {error}")
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the moon did not come within 50ms: cloudy")]
    async fn the_bound_holds_and_the_last_reason_is_told() {
        let bound = Duration::from_millis(50);
        let () = eventually("the moon", bound, async || Err::<(), _>("cloudy")).await;
    }
}
