//! The routes of seats, shifts and claims: who may call what.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use super::permission::{MEMBERSHIP_READ, MEMBERSHIP_WRITE, SEAT_READ, SEAT_WRITE};
use super::{CODES, availability, claim, closure, map, policy, seat, shift, zone};
use crate::Spaces;
use crate::permission::UNITS;

macro_rules! at {
    ($path:literal) => {
        concat!("/api/v1/tenants/{tenant}/spaces", $path)
    };
}

/// All of them.
pub fn routes() -> Routes {
    layout().join(hours()).join(claims())
}

fn layout() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/branches/{branch}/zones"), "list_zones")
                .tenant(SEAT_READ, UNITS)
                .summary("List the zones of a branch")
                .handle(zone::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/zones"), "create_zone")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Add a zone")
                .idempotent()
                .errors(&["zone_name_taken"])
                .handle(zone::api::create),
        )
        .route(
            Route::get(at!("/zones/{zone}"), "get_zone")
                .tenant(SEAT_READ, UNITS)
                .summary("Read a zone")
                .handle(zone::api::get),
        )
        .route(
            Route::patch(at!("/zones/{zone}"), "update_zone")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Change a zone")
                .errors(&["zone_name_taken"])
                .if_match()
                .handle(zone::api::update),
        )
        .route(
            Route::delete(at!("/zones/{zone}"), "delete_zone")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Remove a zone without seats")
                .errors(&["zone_not_empty"])
                .if_match()
                .handle(zone::api::delete),
        )
        .route(
            Route::get(at!("/branches/{branch}/seats"), "list_seats")
                .tenant(SEAT_READ, UNITS)
                .summary("List the seats of a branch by label")
                .handle(seat::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/seats"), "create_seats")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Add seats of one kind")
                .idempotent()
                .errors(&["seat_label_taken", "zone_unknown", "limit_reached"])
                .handle(seat::api::create),
        )
        .route(
            Route::get(at!("/branches/{branch}/seats/now"), "get_seats_now")
                .tenant(SEAT_READ, UNITS)
                .summary("Who has which seat at this moment")
                .handle(availability::api::now),
        )
        .route(
            Route::get(at!("/seats/{seat}"), "get_seat")
                .tenant(SEAT_READ, UNITS)
                .summary("Read a seat")
                .handle(seat::api::get),
        )
        .route(
            Route::patch(at!("/seats/{seat}"), "update_seat")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Change a seat")
                .errors(&["seat_label_taken", "zone_unknown"])
                .if_match()
                .handle(seat::api::update),
        )
        .route(
            Route::delete(at!("/seats/{seat}"), "delete_seat")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Remove a seat that nobody ever held")
                .errors(&["seat_in_use"])
                .if_match()
                .handle(seat::api::delete),
        )
        .route(
            Route::get(at!("/branches/{branch}/seat-map"), "get_seat_map")
                .tenant(SEAT_READ, UNITS)
                .summary("Read the map of a branch")
                .handle(map::api::get),
        )
        .route(
            Route::put(at!("/branches/{branch}/seat-map"), "replace_seat_map")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Draw the map of a branch")
                .errors(&["seat_unknown"])
                .if_match()
                .handle(map::api::replace),
        )
        .errors(CODES)
        .finish()
}

fn hours() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/branches/{branch}/shifts"), "list_shifts")
                .tenant(SEAT_READ, UNITS)
                .summary("List the shifts of a branch by their beginning")
                .handle(shift::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/shifts"), "create_shift")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Add a shift")
                .idempotent()
                .errors(&["shift_name_taken"])
                .handle(shift::api::create),
        )
        .route(
            Route::get(at!("/shifts/{shift}"), "get_shift")
                .tenant(SEAT_READ, UNITS)
                .summary("Read a shift")
                .handle(shift::api::get),
        )
        .route(
            Route::patch(at!("/shifts/{shift}"), "update_shift")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Change a shift")
                .errors(&["shift_name_taken", "shift_in_use"])
                .if_match()
                .handle(shift::api::update),
        )
        .route(
            Route::delete(at!("/shifts/{shift}"), "delete_shift")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Remove a shift in which no seat was ever claimed")
                .errors(&["shift_in_use"])
                .if_match()
                .handle(shift::api::delete),
        )
        .route(
            Route::get(at!("/branches/{branch}/closures"), "list_closures")
                .tenant(SEAT_READ, UNITS)
                .summary("List closures of a branch and its zones, from the earliest")
                .handle(closure::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/closures"), "create_closure")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Close a branch or a zone for some dates")
                .idempotent()
                .errors(&["zone_unknown"])
                .handle(closure::api::create),
        )
        .route(
            Route::get(at!("/closures/{closure}"), "get_closure")
                .tenant(SEAT_READ, UNITS)
                .summary("Read a closure")
                .handle(closure::api::get),
        )
        .route(
            Route::delete(at!("/closures/{closure}"), "delete_closure")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Open again")
                .if_match()
                .handle(closure::api::delete),
        )
        .route(
            Route::get(at!("/branches/{branch}/policy"), "get_policy")
                .tenant(SEAT_READ, UNITS)
                .summary("Read the rules of a branch")
                .handle(policy::api::get),
        )
        .route(
            Route::put(at!("/branches/{branch}/policy"), "replace_policy")
                .tenant(SEAT_WRITE, UNITS)
                .summary("Change the rules of a branch")
                .describe("What was sold keeps the rules it was sold under.")
                .if_match()
                .handle(policy::api::replace),
        )
        .finish()
}

fn claims() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::get(at!("/branches/{branch}/availability"), "get_availability")
                .tenant(SEAT_READ, UNITS)
                .summary("What is free, by seat, shift and date")
                .handle(availability::api::get),
        )
        .route(
            Route::get(at!("/branches/{branch}/claims"), "list_claims")
                .tenant(MEMBERSHIP_READ, UNITS)
                .summary("List who holds which seat, newest first")
                .handle(claim::api::list),
        )
        .route(
            Route::post(at!("/branches/{branch}/claims"), "hold_seat")
                .tenant(MEMBERSHIP_WRITE, UNITS)
                .summary("Hold a seat for a short while")
                .idempotent()
                .describe(
                    "The hold ends by itself after the time the rules of the branch give, unless it is \
                     confirmed before.",
                )
                .errors(&[
                    "branch_inactive",
                    "seat_unknown",
                    "seat_out_of_service",
                    "seat_taken",
                    "shift_unknown",
                    "shift_inactive",
                    "student_unknown",
                ])
                .handle(claim::api::hold),
        )
        .route(
            Route::get(at!("/claims/{claim}"), "get_claim")
                .tenant(MEMBERSHIP_READ, UNITS)
                .summary("Read a claim on a seat")
                .handle(claim::api::get),
        )
        .route(
            Route::post(at!("/claims/{claim}/confirmation"), "confirm_hold")
                .tenant(MEMBERSHIP_WRITE, UNITS)
                .summary("Give a held seat to a student")
                .idempotent()
                .errors(&["hold_expired", "not_a_hold", "student_unknown"])
                .handle(claim::api::confirm),
        )
        .route(
            Route::delete(at!("/claims/{claim}"), "release_claim")
                .tenant(MEMBERSHIP_WRITE, UNITS)
                .summary("Take a seat back")
                .errors(&["claim_of_membership"])
                .handle(claim::api::release),
        )
        .finish()
}
