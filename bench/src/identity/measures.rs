//! The runs, in an order in which each finds what it needs: the refreshes leave access tokens that were never
//! used, and the flood comes last because of what it leaves in memory.

use std::time::Duration;

use crate::failure::Outcome;
use crate::load::{Caller, Plan, Taken, Work, middle, process};
use crate::people::{CLIENTS, People};
use crate::stage::Stage;

/// Public, counted, and answered from memory.
const PUBLIC: &str = "/errors/not_found";
/// Public, not counted, and the least there is.
const LEAST: &str = "/healthz";
/// For somebody signed in, with next to no work.
const SIGNED_IN: &str = "/api/v1/csrf-token";
/// The reads during the flood come at this share of what the server can do.
const SHARE: f64 = 0.25;
/// The flood, in multiples of what the hashing threads can do.
const FLOOD: f64 = 5.0;
/// Strangers who try passwords at once, to see how many a second are checked. They fit the queue.
const STRANGERS: usize = 16;
/// Connections of the flood: more than the hashing queue holds.
const FLOODERS: usize = 256;

/// Everything that was measured, round by round.
#[derive(Debug, Default)]
pub(super) struct Measures {
    pub(super) refresh: Vec<Taken>,
    pub(super) public: Vec<Taken>,
    pub(super) bearer: Vec<Taken>,
    pub(super) cookie: Vec<Taken>,
    pub(super) first_use: Vec<Taken>,
    pub(super) least: Vec<Taken>,
    pub(super) signed_in: Vec<Taken>,
    pub(super) read: Vec<Taken>,
    pub(super) quiet: Vec<Taken>,
    pub(super) hashing: Vec<Taken>,
    pub(super) flooded: Vec<Taken>,
    pub(super) flood: Vec<Taken>,
}

impl Measures {
    /// With names, for the report.
    pub(super) fn runs(self) -> Vec<(String, Vec<Taken>)> {
        [
            ("refresh with rotation", self.refresh),
            ("public route, answered from memory", self.public),
            (
                "tenant route, answered from memory, access token",
                self.bearer,
            ),
            ("the same, session cookie", self.cookie),
            (
                "the same, each access token for the first time",
                self.first_use,
            ),
            ("`/healthz`", self.least),
            ("`/api/v1/csrf-token`, access token", self.signed_in),
            ("read of one branch by id", self.read),
            ("reads at a quarter of that", self.quiet),
            ("wrong log-ins as they are hashed", self.hashing),
            ("reads at a quarter, during the flood", self.flooded),
            (
                "the flood: wrong log-ins at five times what is hashed",
                self.flood,
            ),
        ]
        .map(|(name, taken)| (name.to_owned(), taken))
        .into()
    }
}

/// Takes all of them.
pub(super) async fn take(
    stage: &Stage,
    people: People,
    rounds: usize,
    window: Duration,
) -> Outcome<Measures> {
    let mut course = Course {
        stage,
        window,
        loads: 0,
    };
    let mut taken = Measures::default();
    let People {
        mut bearers,
        cookies,
    } = people;
    for round in 1..=rounds {
        println!("   round {round} of {rounds}");
        let refresh = course.run(&bearers, Work::Refresh).await?;
        for (caller, left) in bearers.iter_mut().zip(&refresh.left) {
            caller.refresh_token.clone_from(&left.refresh_token);
        }
        let fresh = refresh.left.clone();
        taken.refresh.push(refresh);

        let strangers = at(&strangers(CLIENTS), |_| PUBLIC.to_owned());
        let members = at(&bearers, permissions);
        taken.public.push(course.run(&strangers, Work::Read).await?);
        taken.bearer.push(course.run(&members, Work::Read).await?);
        let browsers = at(&cookies, permissions);
        taken.cookie.push(course.run(&browsers, Work::Read).await?);
        let mut firsts = members;
        for (caller, left) in firsts.iter_mut().zip(fresh) {
            caller.access_tokens = left.access_tokens;
        }
        taken
            .first_use
            .push(course.run(&firsts, Work::FirstUse).await?);
        let strangers = at(&strangers, |_| LEAST.to_owned());
        taken.least.push(course.run(&strangers, Work::Read).await?);
        let people = at(&bearers, |_| SIGNED_IN.to_owned());
        taken.signed_in.push(course.run(&people, Work::Read).await?);
        taken.read.push(course.run(&bearers, Work::Read).await?);
    }
    for round in 1..=rounds {
        println!("   flood {round} of {rounds}");
        let capacity = middle(&taken.read, Taken::per_second);
        let reads = course.plan(&bearers, Work::Read, Some(capacity * SHARE));
        taken.quiet.push(process::run(&reads).await?);
        let few = course.guessers(STRANGERS);
        taken
            .hashing
            .push(course.run(&few, Work::WrongLogIn).await?);
        let hashing = middle(&taken.hashing, Taken::per_second);
        let many = course.guessers(FLOODERS);
        let mut flood = course.plan(&many, Work::WrongLogIn, Some(hashing * FLOOD));
        // It surrounds the reads: they are judged only while it is there.
        flood.window += reads.warm_up;
        let flood = process::start(&flood).await?;
        tokio::time::sleep(course.warm_up()).await;
        taken.flooded.push(process::run(&reads).await?);
        taken.flood.push(flood.outcome().await?);
    }
    Ok(taken)
}

struct Course<'a> {
    stage: &'a Stage,
    window: Duration,
    loads: usize,
}

impl Course<'_> {
    async fn run(&self, callers: &[Caller], work: Work) -> Outcome<Taken> {
        process::run(&self.plan(callers, work, None)).await
    }

    fn plan(&self, callers: &[Caller], work: Work, rate: Option<f64>) -> Plan {
        Plan {
            server: self.stage.address,
            server_pid: self.stage.gantry.pid(),
            callers: callers.to_vec(),
            work,
            rate,
            warm_up: self.warm_up(),
            window: self.window,
        }
    }

    fn warm_up(&self) -> Duration {
        (self.window / 5).min(Duration::from_secs(1))
    }

    /// People who guess; in each load at other accounts than before.
    fn guessers(&mut self, number: usize) -> Vec<Caller> {
        self.loads += 1;
        let name = format!("nobody-{}", self.loads);
        at(&strangers(number), |_| name.clone())
    }
}

fn strangers(number: usize) -> Vec<Caller> {
    let caller = |n: usize| Caller {
        from: format!("198.18.{}.{}", n / 250, n % 250 + 1),
        ..Caller::default()
    };
    (0..number).map(caller).collect()
}

/// The same callers, with other paths.
fn at(callers: &[Caller], path: impl Fn(&Caller) -> String) -> Vec<Caller> {
    let moved = |caller: &Caller| Caller {
        path: path(caller),
        ..caller.clone()
    };
    callers.iter().map(moved).collect()
}

/// A list that the server has in memory, for members who may read it.
fn permissions(caller: &Caller) -> String {
    let workspace = caller.path.split("/spaces/").next().unwrap_or_default();
    format!("{workspace}/identity/permissions")
}
