//! The ratios that have a target, and the rest.

use super::{MEASURES, Outcomes};
use crate::load::{Taken, count, middle};
use crate::report::Verdict;

/// Of the issue that asked for them: at least so many times the throughput, and so many times less CPU.
const THROUGHPUT: f64 = 5.0;
const CPU: f64 = 10.0;

/// Gantry at `full`, Gantry at `normal`, the peer.
pub(super) struct Figures<'a>(pub(super) &'a [Outcomes; 3]);

impl Figures<'_> {
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let [full, normal, peer] = self.0;
        let mut all = Vec::new();
        for (measure, name) in MEASURES.into_iter().enumerate() {
            let [ours, faster, theirs] =
                [full, normal, peer].map(|side| side.taken[measure].as_slice());
            let targets = (measure < 2).then_some((THROUGHPUT, CPU));
            all.extend(compared(name, "`full`", ours, theirs, targets));
            if measure == 0 || measure == 3 {
                all.extend(compared(name, "`normal`", faster, theirs, None));
            }
        }
        for side in self.0 {
            all.push(Verdict::told(
                &format!(
                    "{}: memory, fresh with its records, at the end, and most",
                    side.name
                ),
                format!(
                    "{:.0}, {:.0} and {:.0} MiB",
                    side.fresh.now, side.at_the_end.now, side.at_the_end.peak
                ),
            ));
        }
        all
    }
}

fn compared(
    name: &str,
    mode: &str,
    ours: &[Taken],
    theirs: &[Taken],
    targets: Option<(f64, f64)>,
) -> [Verdict; 3] {
    let throughput = [ours, theirs].map(|rounds| middle(rounds, Taken::per_second));
    let cpu = [ours, theirs].map(|rounds| middle(rounds, Taken::server_us));
    let p99 = [ours, theirs].map(|rounds| middle(rounds, |taken| count(taken.latency.p99)));
    let what = |figure: &str| format!("{name}, Gantry at {mode} and PocketBase: {figure}");
    let (least, spared) = targets.unzip();
    [
        Verdict::times(&what("throughput"), throughput, least, "a second"),
        Verdict::times(
            &what("server CPU, theirs over ours"),
            [cpu[1], cpu[0]],
            spared,
            "us a request",
        ),
        Verdict::times(
            &what("p99, theirs over ours"),
            [p99[1], p99[0]],
            targets.map(|_| 1.0),
            "us",
        ),
    ]
}
