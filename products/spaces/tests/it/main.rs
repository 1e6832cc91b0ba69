//! The product through its routes and its job, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod app;
mod branches;
mod claims;
mod crash;
mod exports;
mod imports;
mod limits;
mod money;
mod people;
mod reading;
mod sample;
mod seat_model;
mod seat_race;
mod seating;
mod statements;
mod students;
mod undo;
