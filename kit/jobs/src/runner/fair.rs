//! Whose turn it is.

use gantry_kernel::TenantId;

/// Puts places in turn: after the one served last, then around. `None` is control, which sorts first,
/// as tenant zero.
pub(crate) fn in_turn(
    mut places: Vec<Option<TenantId>>,
    last: Option<TenantId>,
) -> Vec<Option<TenantId>> {
    places.sort_unstable();
    places.dedup();
    let start = places.partition_point(|place| *place <= last);
    places.rotate_left(start);
    places
}

/// How many jobs one place may take now: an equal share of the free workers (at least one), within
/// its own bound.
pub(crate) fn share(free: usize, places: usize, running: usize, per_place: usize) -> usize {
    let equal = free.div_ceil(places.max(1));
    equal.min(per_place.saturating_sub(running)).min(free)
}

#[cfg(test)]
mod tests {
    use gantry_kernel::{Kernel, ManualClock};

    use super::*;

    #[test]
    fn the_turn_goes_around() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let mut ids: Vec<Option<TenantId>> = (0..3).map(|_| Some(kernel.id())).collect();
        ids.sort();
        let all = vec![ids[2], None, ids[1], ids[0], ids[1]];
        let order = |last| in_turn(all.clone(), last);
        assert_eq!(order(None), [ids[0], ids[1], ids[2], None]);
        assert_eq!(order(ids[0]), [ids[1], ids[2], None, ids[0]]);
        assert_eq!(order(ids[2]), [None, ids[0], ids[1], ids[2]]);
    }

    #[test]
    fn shares_are_equal_and_bounded() {
        assert_eq!(share(8, 1, 0, 4), 4);
        assert_eq!(share(8, 4, 0, 4), 2);
        assert_eq!(share(1, 100, 0, 4), 1);
        assert_eq!(share(8, 1, 4, 4), 0);
        assert_eq!(share(0, 3, 0, 4), 0);
    }
}
