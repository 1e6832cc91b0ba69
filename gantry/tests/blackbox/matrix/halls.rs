//! Seats, shifts and who holds them: how to call their operations, and what of them is there from the start.

use gantry_kernel::{CivilDate, Kernel};
use gantry_testkit::{Client, Owner};
use serde_json::{Value, json};

use super::row::{Fresh, Place, Row};

/// Things of a branch that a member of another branch is never shown.
pub(super) const THINGS: [&str; 5] = ["zone", "seat", "shift", "closure", "claim"];

/// Operations that write nothing into control's log: they are the product's data, no acts of security.
pub(super) const OF_THE_PRODUCT: &[&str] = &[
    "create_zone",
    "update_zone",
    "delete_zone",
    "create_seats",
    "update_seat",
    "delete_seat",
    "replace_seat_map",
    "create_shift",
    "update_shift",
    "delete_shift",
    "create_closure",
    "delete_closure",
    "replace_policy",
    "hold_seat",
    "confirm_hold",
    "release_claim",
];

/// The rows of the table.
pub(super) fn rows() -> Vec<Row> {
    [layout(), hours(), claims()]
        .into_iter()
        .flatten()
        .collect()
}

fn layout() -> Vec<Row> {
    vec![
        Row::new("list_zones").shows("zone"),
        Row::new("create_zone").json(|place| json!({"name": format!("Zone {}", place["serial"])})),
        Row::new("get_zone").shows("zone"),
        Row::new("update_zone").json(|_| json!({"position": 3})).versioned("get_zone"),
        Row::new("delete_zone").versioned("get_zone").fresh(Fresh::Zone),
        Row::new("list_seats").shows("seat"),
        Row::new("create_seats")
            .json(|place| json!({"zone_id": place["zone"], "labels": [format!("N{}", place["serial"])]}))
            .reach("zone", 422, "zone_unknown"),
        Row::new("get_seats_now"),
        Row::new("get_seat").shows("seat"),
        Row::new("update_seat")
            .json(|place| json!({"zone_id": place["zone"], "ac": true}))
            .versioned("get_seat")
            .reach("zone", 422, "zone_unknown"),
        Row::new("delete_seat").versioned("get_seat").fresh(Fresh::Seat),
        Row::new("get_seat_map"),
        Row::new("replace_seat_map")
            .json(|place| {
                json!({
                    "width": 100, "height": 50, "seats": [{"seat_id": place["seat"], "x": 1, "y": 2, "turned": 0}],
                    "shapes": [{"kind": "door", "x": 0, "y": 0, "width": 1, "height": 4, "text": "In"}],
                })
            })
            .versioned("get_seat_map")
            .reach("seat", 422, "seat_unknown"),
    ]
}

fn hours() -> Vec<Row> {
    vec![
        Row::new("list_shifts").shows("shift"),
        Row::new("create_shift").json(|place| {
            json!({"name": format!("Shift {}", place["serial"]), "start_minute": 1320, "end_minute": 360})
        }),
        Row::new("get_shift").shows("shift"),
        Row::new("update_shift")
            .json(|place| json!({"name": format!("Changed {}", place["serial"])}))
            .versioned("get_shift"),
        Row::new("delete_shift").versioned("get_shift").fresh(Fresh::Shift),
        Row::new("list_closures").shows("closure"),
        Row::new("create_closure")
            .json(|place| {
                json!({"zone_id": place["zone"], "from": "2099-02-01", "until": "2099-02-02", "reason": "Holiday"})
            })
            .reach("zone", 422, "zone_unknown"),
        Row::new("get_closure").shows("closure"),
        Row::new("delete_closure").versioned("get_closure").fresh(Fresh::Closure),
        Row::new("get_policy"),
        Row::new("replace_policy").json(|_| rules()).versioned("get_policy"),
    ]
}

fn claims() -> Vec<Row> {
    vec![
        Row::new("get_availability")
            .query("from=2099-01-01&until=2099-01-03")
            .shows("seat"),
        Row::new("list_claims")
            .query("page_size=100")
            .shows("claim"),
        Row::new("hold_seat")
            .json(|place| wanted(&place["seat"], &place["shift"]))
            .fresh(Fresh::Seat)
            .reach("seat", 422, "seat_unknown"),
        Row::new("get_claim").shows("claim"),
        Row::new("confirm_hold")
            .json(|place| json!({"student_id": place["student"]}))
            .fresh(Fresh::Claim)
            .reach("student", 422, "student_unknown"),
        Row::new("release_claim").fresh(Fresh::Claim),
    ]
}

fn rules() -> Value {
    json!({
        "notice_minutes": 0, "advance_days": 90, "lock_in_days": 0,
        "refund_ladder": [{"days": 0, "percent": 100}], "grace_days": 3, "pause_days_per_membership": 15,
        "pause_days_per_year": 30, "no_show_strikes": 3, "hold_minutes": 10,
    })
}

/// A month from a week from now.
fn wanted(seat: &str, shift: &str) -> Value {
    let now = Kernel::system().now().as_micros();
    let today = i32::try_from(now / 86_400_000_000).unwrap();
    let date = |ahead| {
        CivilDate::from_days_since_epoch(today + ahead)
            .unwrap()
            .to_string()
    };
    json!({"seat_id": seat, "shift_id": shift, "from": date(7), "until": date(37)})
}

/// Fills a place's branch.
pub(super) async fn furnish(owner: &Owner, place: &mut Place) {
    let tenant = owner.path("/spaces");
    for fresh in [
        Fresh::Zone,
        Fresh::Seat,
        Fresh::Shift,
        Fresh::Closure,
        Fresh::Claim,
    ] {
        make(
            &owner.client,
            &tenant,
            fresh,
            &place["serial"].clone(),
            place,
        )
        .await;
    }
    let path = format!("{tenant}/claims/{}/confirmation", place["claim"]);
    let body = json!({"student_id": place["student"]});
    owner
        .client
        .post(&path)
        .json(&body)
        .await
        .expect(200)
        .done();
}

/// Makes one of the [`THINGS`] in the place's branch.
pub(super) async fn make(
    owner: &Client,
    tenant: &str,
    fresh: Fresh,
    serial: &str,
    place: &mut Place,
) {
    let branch = format!("{tenant}/branches/{}", place["branch"]);
    let (name, kind, body, at) = match fresh {
        Fresh::Zone => (
            "zone",
            "zones",
            json!({"name": format!("Passing zone {serial}")}),
            "/id",
        ),
        Fresh::Seat => {
            let body = json!({"zone_id": place["zone"], "labels": [format!("P{serial}")]});
            ("seat", "seats", body, "/items/0/id")
        }
        Fresh::Shift => {
            let body = json!({"name": format!("Passing shift {serial}"), "start_minute": 360, "end_minute": 720});
            ("shift", "shifts", body, "/id")
        }
        Fresh::Closure => {
            let body =
                json!({"from": "2099-03-01", "until": "2099-03-02", "reason": "Passing holiday"});
            ("closure", "closures", body, "/id")
        }
        _ => {
            let labels = json!({"zone_id": place["zone"], "labels": [format!("C{serial}")]});
            let made = owner
                .post(&format!("{branch}/seats"))
                .json(&labels)
                .await
                .expect(201);
            let body = wanted(&made.text_at("/items/0/id"), &place["shift"]);
            ("claim", "claims", body, "/id")
        }
    };
    let made = owner
        .post(&format!("{branch}/{kind}"))
        .json(&body)
        .await
        .expect(201);
    place.set(name, made.text_at(at));
}
