//! Claims against a model that knows nothing of boxes: the set of minutes each of them is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_kernel::CivilDate;
use gantry_spaces::seating::availability::days::{Busy, Window, mark};
use gantry_spaces::seating::time::{DAY, Dates, Pattern, Span, Weekdays, spans, weekday};
use gantry_testkit::both_engines;
use proptest::prelude::*;
use serde_json::json;

use crate::app::App;
use crate::seating::Hall;

/// Every minute of a claim, counted from the epoch in civil time.
fn minutes(pattern: Pattern, dates: Dates) -> BTreeSet<i32> {
    let mut all = BTreeSet::new();
    for day in dates.days().filter(|day| pattern.days.has(*day)) {
        let start = day * DAY + pattern.start;
        all.extend(start..start + pattern.minutes);
    }
    all
}

/// Every minute of a box.
fn inside(span: &Span) -> impl Iterator<Item = i32> {
    let on = span.from_weekday..span.until_weekday;
    let (from, until) = (span.from_minute, span.until_minute);
    let days = (span.from_day..span.until_day).filter(move |day| on.contains(&weekday(*day)));
    days.flat_map(move |day| day * DAY + from..day * DAY + until)
}

fn pattern() -> impl Strategy<Value = Pattern> {
    // Coarse steps, so that edges touch often.
    let start = (0..48_i32).prop_map(|half| half * 30);
    let length = prop_oneof![(1..=48_i32).prop_map(|half| half * 30), Just(DAY), 1..=DAY];
    let days = prop_oneof![Just(127_u8), Just(0b1_1111), Just(0b110_0000), 1..=127_u8];
    (start, length, days).prop_map(|(start, minutes, days)| Pattern {
        start,
        minutes,
        days: Weekdays::from_bits(days).unwrap(),
    })
}

/// Some weeks around the end of a leap February and of a year.
fn dates() -> impl Strategy<Value = Dates> {
    let first = prop_oneof![Just("2028-02-10"), Just("2027-12-15")];
    (first, 0..30_i32, 1..40_i32).prop_map(|(first, skip, count)| {
        let first: CivilDate = first.parse().unwrap();
        let from = first.days_since_epoch() + skip;
        let date = |day| CivilDate::from_days_since_epoch(day).unwrap();
        Dates::new(date(from), date(from + count)).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn boxes_hold_the_minutes_of_a_claim_and_no_others(pattern in pattern(), dates in dates()) {
        let boxed: Vec<i32> = spans(pattern, dates).iter().flat_map(inside).collect();
        let set: BTreeSet<i32> = boxed.iter().copied().collect();
        prop_assert_eq!(boxed.len(), set.len(), "a minute is in two boxes");
        prop_assert_eq!(set, minutes(pattern, dates));
    }

    #[test]
    fn boxes_meet_exactly_if_two_claims_share_a_minute(
        one in (pattern(), dates()),
        two in (pattern(), dates()),
    ) {
        let (ones, twos) = (spans(one.0, one.1), spans(two.0, two.1));
        let meet = ones.iter().any(|a| twos.iter().any(|b| a.meets(b)));
        let share = !minutes(one.0, one.1).is_disjoint(&minutes(two.0, two.1));
        prop_assert_eq!(meet, share);
    }

    #[test]
    fn a_date_is_free_exactly_if_no_claim_shares_a_minute_with_the_shift_on_it(
        window in dates(),
        shifts in prop::collection::vec(pattern(), 1..4),
        claims in prop::collection::vec((pattern(), dates(), any::<bool>()), 0..6),
    ) {
        let bits = Window::new(window);
        let mut busy = vec![Busy::default(); shifts.len()];
        for (pattern, dates, held) in &claims {
            mark(&bits, &shifts, &mut busy, (*pattern, *dates), *held);
        }
        let all: Vec<BTreeSet<i32>> = claims.iter().map(|claim| minutes(claim.0, claim.1)).collect();
        for (shift, busy) in shifts.iter().zip(&busy) {
            for (at, day) in window.days().enumerate().filter(|(_, day)| shift.days.has(*day)) {
                let start = day * DAY + shift.start;
                let hit = |held: bool| claims.iter().zip(&all).any(|(claim, all)| {
                    claim.2 == held && all.range(start..start + shift.minutes).next().is_some()
                });
                prop_assert_eq!(busy.taken >> (at + 1) & 1 == 1, hit(false));
                prop_assert_eq!(busy.held >> (at + 1) & 1 == 1, hit(true));
            }
        }
    }

    #[test]
    fn ranges_say_the_same_as_bits(window in dates(), wanted: u128, blocked: u128) {
        let bits = Window::new(window);
        let (wanted, blocked) = (wanted & bits.all(), blocked & bits.all());
        let ranges = bits.ranges(wanted, blocked);
        let first = window.from().days_since_epoch();
        let mut shown = 0_u128;
        for pair in ranges.windows(2) {
            prop_assert!(pair[0].until <= pair[1].from);
        }
        for range in &ranges {
            prop_assert!(range.from < range.until);
            for day in range.from.days_since_epoch()..range.until.days_since_epoch() {
                shown |= 1 << (day - first + 1);
            }
        }
        prop_assert_eq!(shown & blocked, 0, "a blocked day is in a range");
        prop_assert_eq!(shown & wanted, wanted & !blocked, "a free day is in none");
    }
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let most = u64::try_from(of.len()).unwrap();
        &of[usize::try_from(self.below(most)).unwrap()]
    }
}

/// What the model knows of a claim.
struct Known {
    seat: String,
    minutes: BTreeSet<i32>,
    /// In seconds of the test; `None` once given to somebody.
    expires: Option<u64>,
}

/// Rounds on each engine.
const ROUNDS: usize = 1_000;

both_engines! {
    async fn a_thousand_random_acts_agree_with_the_model(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 3).await;
        let student = app.student(&hall.branch, "Asha Rao", "9000000001").await;
        let mut shifts = Vec::new();
        let every = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        for (name, start, end, days, bits) in [
            ("Morning", 360, 720, every.clone(), 127),
            ("Day", 600, 1080, every.clone(), 127),
            ("Night", 1320, 360, every.clone(), 127),
            ("Full", 360, 360, every, 127),
            ("Weekdays", 700, 1000, json!(["mon", "tue", "wed", "thu", "fri"]), 0b1_1111),
            ("Friday night", 1200, 420, json!(["fri", "sat"]), 0b11_0000),
        ] {
            let id = hall.shift_on(&app, name, start, end, days).await;
            let days = Weekdays::from_bits(bits).unwrap();
            shifts.push((id, Pattern::between(start.try_into().unwrap(), end.try_into().unwrap(), days)));
        }
        let branch = format!("/branches/{}", hall.branch);
        let mut zone_version = 1;
        let mut dice = Dice(0x5eed);
        let mut clock = 0_u64;
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let (mut held, mut refused, mut given) = (0, 0, 0);
        for round in 0..ROUNDS {
            match dice.below(20) {
                0..14 => {
                    let (seat, shift) = (dice.one_of(&hall.seats), dice.one_of(&shifts));
                    // 2026-01-06 is tomorrow in every zone used here; February ends within reach.
                    let first: CivilDate = "2026-01-06".parse().unwrap();
                    let from = first.days_since_epoch() + i32::try_from(dice.below(60)).unwrap();
                    let until = from + 1 + i32::try_from(dice.below(12)).unwrap();
                    let date = |day| CivilDate::from_days_since_epoch(day).unwrap();
                    let dates = Dates::new(date(from), date(until)).unwrap();
                    let wanted = minutes(shift.1, dates);
                    let clash = known.values().any(|claim| claim.seat == *seat && !claim.minutes.is_disjoint(&wanted));
                    let answer = hall.hold(&app, seat, &shift.0, &date(from).to_string(), &date(until).to_string()).await;
                    let expected = if wanted.is_empty() { 422 } else if clash { 409 } else { 201 };
                    let answer = answer.expect(expected);
                    if expected == 201 {
                        held += 1;
                        let claim = Known { seat: seat.clone(), minutes: wanted, expires: Some(clock + 600) };
                        known.insert(answer.id(), claim);
                    } else {
                        refused += 1;
                    }
                }
                14..16 => {
                    let holds: Vec<_> = known.iter().filter(|(_, claim)| claim.expires.is_some()).collect();
                    if let Some((id, _)) = (!holds.is_empty()).then(|| *dice.one_of(&holds)) {
                        let (id, body) = (id.clone(), json!({ "student_id": student["id"] }));
                        app.post("owner", &format!("/claims/{id}/confirmation"), body).await.expect(200);
                        known.get_mut(&id).unwrap().expires = None;
                        given += 1;
                    }
                }
                16..18 => {
                    let ids: Vec<_> = known.keys().cloned().collect();
                    if !ids.is_empty() {
                        let id = dice.one_of(&ids);
                        app.ask("owner", "DELETE", &format!("/claims/{id}")).send().await.expect(204);
                        known.remove(id);
                    }
                }
                18 => {
                    let by = dice.below(400);
                    clock += by;
                    app.clock.advance(Duration::from_secs(by));
                    // Sometimes the job comes, sometimes who needs the place finds the hold.
                    if dice.below(2) == 0 {
                        app.work().await;
                    }
                }
                _ => {
                    let zone = dice.one_of(&["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]);
                    let change = app.ask("owner", "PATCH", &branch).version(zone_version);
                    change.json(&json!({ "time_zone": zone })).send().await.expect(200);
                    zone_version += 1;
                }
            }
            known.retain(|_, claim| claim.expires.is_none_or(|at| at > clock));
            if round % 100 == 99 {
                agrees(&app, &hall, &shifts, &known).await;
            }
        }
        assert!(held > 50 && refused > 50 && given > 10, "{held} {refused} {given}");
    }
}

/// The availability of every shift on every date, beside the model.
async fn agrees(
    app: &App,
    hall: &Hall,
    shifts: &[(String, Pattern)],
    known: &BTreeMap<String, Known>,
) {
    let path = format!(
        "/branches/{}/availability?from=2026-01-06&until=2026-03-20",
        hall.branch
    );
    let found = app.get("owner", &path).await.expect(200).json();
    let window: [CivilDate; 2] = ["2026-01-06", "2026-03-20"].map(|date| date.parse().unwrap());
    let order: Vec<&str> = found["shifts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    for row in found["seats"].as_array().unwrap() {
        for (id, pattern) in shifts {
            let at = order.iter().position(|one| one == id).unwrap();
            let listed = |kind: &str, day: i32| {
                row["shifts"][at][kind]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|range| {
                        let day_of = |name: &str| {
                            range[name]
                                .as_str()
                                .unwrap()
                                .parse::<CivilDate>()
                                .unwrap()
                                .days_since_epoch()
                        };
                        (day_of("from")..day_of("until")).contains(&day)
                    })
            };
            for day in window[0].days_since_epoch()..window[1].days_since_epoch() {
                if !pattern.days.has(day) {
                    continue;
                }
                let start = day * DAY + pattern.start;
                let hit = |taken: bool| {
                    known.values().any(|claim| {
                        row["seat_id"] == claim.seat.as_str()
                            && claim.expires.is_none() == taken
                            && claim
                                .minutes
                                .range(start..start + pattern.minutes)
                                .next()
                                .is_some()
                    })
                };
                let (taken, held) = (hit(true), hit(false));
                assert_eq!(listed("taken", day), taken, "{id} on day {day}");
                assert_eq!(listed("held", day), held && !taken, "{id} on day {day}");
                assert_eq!(listed("free", day), !taken && !held, "{id} on day {day}");
            }
        }
    }
}
