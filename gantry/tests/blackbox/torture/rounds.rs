//! The run: first starts that are killed, then rounds, then everything must come to its end.

use std::fmt::Display;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use gantry_testkit::{Engine, Owner, Server, ServerOptions, SmtpSim};
use serde_json::json;

use super::audit;
use super::desk::Desk;
use super::dice::Dice;
use super::journey::Journey;
use super::visitor::{Refresher, Visitor};
use super::world::{Moment, Step, World};
use crate::steps::open_branch;

/// Rounds of the ordinary test command.
const ROUNDS: u32 = 10;
/// Starts that are killed before the first one may go through.
const KILLED_STARTS: u32 = 4;
/// A moment that does not come by then is not waited for: the server is killed anyway.
const PATIENCE: Duration = Duration::from_secs(3);
/// Journeys on their way at once.
const JOURNEYS: usize = 6;
/// In which all that was interrupted must have finished after the last start: the longest lease of any
/// job, and the work itself.
const SETTLED: Duration = Duration::from_mins(1);

/// Where in a round the server is killed.
#[derive(Clone, Copy, Debug)]
enum Scene {
    /// At any time within this.
    Within(Duration),
    /// Soon after a client has done this.
    After(Moment, Duration),
    /// While the mail of a sign-up is on its way, to a server that takes its time.
    InMail,
}

/// Everybody who does something.
pub(super) struct Crowd {
    pub(super) hub: Owner,
    pub(super) desks: Vec<Desk>,
    pub(super) refreshers: Vec<Refresher>,
    pub(super) visitor: Visitor,
    pub(super) journeys: Vec<Journey>,
}

pub(super) async fn run(engine: Engine) {
    let rounds = from_environment("GANTRY_TORTURE_ROUNDS").unwrap_or(ROUNDS);
    let random = || RandomState::new().build_hasher().finish();
    let seed = from_environment("GANTRY_TORTURE_SEED").unwrap_or_else(random);
    eprintln!(
        "torture on {}: GANTRY_TORTURE_SEED={seed}, {rounds} rounds",
        engine.name()
    );
    let dice = Dice::new(seed);

    let mail = SmtpSim::start().await;
    let mut server = first_starts(engine, &mail, &dice).await;
    let hub = Owner::ready(&server.client(), &mail, "hub").await;
    let branch = open_branch(&hub, "MAIN").await;
    let world = World::new(mail, server.client(), dice);
    let mut crowd = Crowd::new(&hub, &branch).await;

    for round in 0..rounds {
        let scene = scene(&world, round);
        let start = Instant::now();
        crowd.new_round(&world, round);
        if matches!(scene, Scene::InMail) {
            world
                .mail
                .set_fault(json!({"mode": "slow", "millis": 60}))
                .await;
        }
        join(kill(&world, scene, &mut server), crowd.live(&world)).await;
        world.mail.heal().await;
        let killed = start.elapsed();
        server.restart().await;
        world.set_killed(false);
        eprintln!(
            "round {round}: {scene:?}, killed after {killed:?}, ready after {:?}; {}",
            start.elapsed(),
            crowd.progress()
        );
    }

    let start = Instant::now();
    crowd.finish(&world, start + SETTLED).await;
    eprintln!("settled after {:?}", start.elapsed());
    server.kill9();
    server.restart().await;
    audit::acknowledged(&world, &crowd).await;
    audit::mails(&world, &crowd).await;
    audit::tenants(&server, &crowd);
    server.stop().await;
    audit::databases(&server, &crowd);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the choice of rounds is the caller's"
)]
fn from_environment<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{name}={text}: {error}")),
    )
}

/// A power cut during the very first start, several times: migrations of control, the master key's
/// proof, the first signing key.
async fn first_starts(engine: Engine, mail: &SmtpSim, dice: &Dice) -> Server {
    let options = ServerOptions::new(engine)
        .mail(mail)
        .env("GANTRY_LOG__LEVEL", "info,gantry_http=warn")
        .env("GANTRY_HTTP__LIMITS__OFF", "true")
        .env("GANTRY_IDENTITY__ACCESS_TOKEN", "1h")
        .env("GANTRY_IDENTITY__LOG_IN_PER_ACCOUNT", "100000/1m");
    let mut server = options.start_unready();
    for _ in 0..KILLED_STARTS {
        tokio::time::sleep(dice.up_to(Duration::from_millis(400))).await;
        server.kill9();
        server.restart_unready();
    }
    server.wait_ready().await;
    server
}

/// The provoked points come in turn, so that ten rounds have them all; the rest is chance.
fn scene(world: &World, round: u32) -> Scene {
    let millis = Duration::from_millis;
    match round % 6 {
        0 => Scene::After(Moment::Confirmed, millis(150)),
        1 => Scene::Within(millis(2_500)),
        2 => Scene::After(Moment::Importing, millis(1_500)),
        3 => Scene::InMail,
        4 if world.dice.below(2) == 0 => Scene::After(Moment::Invited, millis(200)),
        4 => Scene::After(Moment::SignedUp, millis(200)),
        _ => Scene::Within(millis(500)),
    }
}

async fn kill(world: &World, scene: Scene, server: &mut Server) {
    let wait = match scene {
        Scene::Within(most) => world.dice.up_to(most),
        Scene::After(moment, most) => {
            // Not in time is no fault: then this round is one at any time.
            drop(tokio::time::timeout(PATIENCE, world.next(moment)).await);
            world.dice.up_to(most)
        }
        Scene::InMail => {
            drop(tokio::time::timeout(PATIENCE, world.next(Moment::SignedUp)).await);
            world.dice.up_to(Duration::from_millis(900))
        }
    };
    tokio::time::sleep(wait).await;
    world.set_killed(true);
    server.kill9();
}

impl Crowd {
    async fn new(hub: &Owner, branch: &str) -> Self {
        let mut refreshers = Vec::new();
        for _ in 0..2 {
            let mut session = hub.clone();
            session.log_in().await;
            refreshers.push(Refresher::new(&session));
        }
        Self {
            hub: hub.clone(),
            desks: ["east", "west", "south"]
                .map(|name| Desk::new(hub, branch, name))
                .into(),
            refreshers,
            visitor: Visitor::new(hub),
            journeys: Vec::new(),
        }
    }

    fn new_round(&mut self, world: &World, round: u32) {
        self.desks.iter_mut().for_each(Desk::new_round);
        self.visitor.new_round();
        let on_their_way = self
            .journeys
            .iter()
            .filter(|journey| !journey.is_over())
            .count();
        if on_their_way < JOURNEYS {
            self.journeys
                .push(Journey::new(world, &format!("hall-{round}")));
        }
    }

    /// Everybody goes on until the server is killed.
    async fn live(&mut self, world: &World) {
        let desks =
            self.desks.iter_mut().map(
                async |desk| {
                    while goes_on(world, desk.step(world).await).await {}
                },
            );
        let refreshers = self.refreshers.iter_mut().map(async |refresher| {
            while goes_on(world, refresher.step(world).await).await {}
        });
        let journeys =
            self.journeys.iter_mut().map(
                async |journey| {
                    while goes_on(world, journey.step(world).await).await {}
                },
            );
        let visitor = async { while goes_on(world, self.visitor.step(world).await).await {} };
        join(
            join3(join_all(desks), join_all(refreshers), join_all(journeys)),
            visitor,
        )
        .await;
    }

    /// Everybody ends what they began; nobody is killed any more.
    async fn finish(&mut self, world: &World, until: Instant) {
        for desk in &mut self.desks {
            desk.settle(world).await;
        }
        for refresher in &mut self.refreshers {
            assert_eq!(refresher.step(world).await, Step::On);
        }
        let journeys = self.journeys.iter_mut().map(async |journey| {
            while !journey.is_over() {
                assert!(
                    Instant::now() < until,
                    "not finished in {SETTLED:?}: {journey:#?}"
                );
                if journey.step(world).await == Step::Wait {
                    world.pause().await;
                }
            }
        });
        join_all(journeys).await;
        while self.visitor.step(world).await != Step::Over {}
    }

    fn progress(&self) -> String {
        let students: usize = self.desks.iter().map(|desk| desk.students.len()).sum();
        let rotations: u32 = self.refreshers.iter().map(|one| one.rotations).sum();
        let repeated: u32 = self.refreshers.iter().map(|one| one.repeated).sum();
        let at: Vec<String> = self
            .journeys
            .iter()
            .map(|journey| format!("{:?}", journey.at))
            .collect();
        format!(
            "{students} students, {rotations} rotations ({repeated} repeated), {}",
            at.join(" ")
        )
    }
}

async fn goes_on(world: &World, step: Step) -> bool {
    if step == Step::Wait {
        world.pause().await;
    }
    matches!(step, Step::On | Step::Wait) && !world.is_killed()
}
