//! How long a measurement takes.

use std::time::Duration;

use clap::Args;

use crate::failure::{Failure, Outcome};

/// The same for every suite.
#[derive(Args)]
pub(crate) struct Length {
    /// Length of each run.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How often each run is repeated; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

impl Length {
    /// Rounds, and how long each run of a round is.
    pub(crate) fn checked(&self) -> Outcome<(usize, Duration)> {
        let window = seconds(self.seconds)?;
        if self.rounds == 0 || window.is_zero() {
            return Err(Failure::new(
                "there is no measurement without rounds and seconds",
            ));
        }
        Ok((self.rounds, window))
    }

    pub(crate) fn note(&self) -> String {
        let Self { rounds, seconds } = self;
        format!(
            "{rounds} rounds of {seconds} s each, after a warm-up; of each measure the middle round counts"
        )
    }
}

pub(crate) fn seconds(number: f64) -> Outcome<Duration> {
    Duration::try_from_secs_f64(number).map_err(Failure::doing("a number of seconds"))
}
