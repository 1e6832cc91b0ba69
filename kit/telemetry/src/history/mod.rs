//! What the process did in the last minutes and hours, for people who look at it: numbers over a window, and a point a
//! minute for a chart. Memory is bounded, nothing is written anywhere, and it begins with the process.

mod look;
mod window;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_kernel::Kernel;

use crate::Registry;
use look::Look;
pub use window::{Cache, Health, Numbers, Point, Route, Table, Usage, Window};

/// How far a window reaches back.
const WINDOW: Duration = Duration::from_mins(5);
/// How often the counts are noted for windows; a window is longer than [`WINDOW`] by less than this.
pub(crate) const EVERY: Duration = Duration::from_secs(30);
/// Between two points of the chart.
const STEP: Duration = Duration::from_mins(1);
/// Points kept: six hours.
const POINTS: usize = 360;

/// The recent past of a process.
#[derive(Debug)]
pub struct History {
    registry: Registry,
    kernel: Kernel,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first; the first is at least as old as a window is long, once there is one.
    looks: VecDeque<Look>,
    /// Where the last point of the chart ended.
    drawn: Option<Look>,
    points: VecDeque<Point>,
}

impl History {
    /// Begins now.
    pub fn starting(registry: Registry, kernel: Kernel) -> Self {
        let history = Self {
            registry,
            kernel,
            kept: Mutex::default(),
        };
        history.note();
        history
    }

    /// How often [`History::note`] wants to be called.
    pub const fn every() -> Duration {
        EVERY
    }

    /// Notes the counts of this moment.
    pub fn note(&self) {
        let look = self.look();
        let mut kept = self.kept();
        let due = kept
            .drawn
            .as_ref()
            .is_none_or(|drawn| look.monotonic.saturating_sub(drawn.monotonic) >= STEP);
        if due {
            if let Some(drawn) = &kept.drawn {
                let point = Point::between(drawn, &look);
                if kept.points.len() >= POINTS {
                    kept.points.pop_front();
                }
                kept.points.push_back(point);
            }
            kept.drawn = Some(look.clone());
        }
        let now = look.monotonic;
        kept.looks.push_back(look);
        // The second of them is old enough to be where a window begins, so the first is not needed.
        while kept
            .looks
            .get(1)
            .is_some_and(|second| now.saturating_sub(second.monotonic) >= WINDOW)
        {
            kept.looks.pop_front();
        }
    }

    /// The last five minutes (less, if the process is younger), and the points of the last six hours, oldest first.
    pub fn window(&self) -> Window {
        let now = self.look();
        let kept = self.kept();
        let begin = kept
            .looks
            .iter()
            .rev()
            .find(|look| now.monotonic.saturating_sub(look.monotonic) >= WINDOW)
            .or_else(|| kept.looks.front())
            .unwrap_or(&now);
        Window::between(begin, &now, kept.points.iter().cloned().collect())
    }

    fn look(&self) -> Look {
        Look::at(&self.kernel, &self.registry.gather())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
