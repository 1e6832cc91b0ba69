//! `kill -9` at random points, over and over, on one set of databases.
//!
//! Clients go about their business and write down what was acknowledged. At some point of a round the
//! server is killed; it starts again over the same data, and the clients go on as real ones do: they
//! repeat what was not answered. In the end nothing acknowledged is lost, nothing is there twice, no
//! tenant is half made, and everything that was begun has finished by itself.
//!
//! `GANTRY_TORTURE_ROUNDS` says how many rounds, `GANTRY_TORTURE_SEED` which ones; a failed run shows
//! its seed. The seed repeats the choices, not the moments in which two cores take turns.

mod audit;
mod desk;
mod dice;
mod journey;
mod rounds;
mod visitor;
mod world;

use gantry_testkit::both_engines;

both_engines! {
    async fn torture(engine: Engine) {
        rounds::run(engine).await;
    }
}
