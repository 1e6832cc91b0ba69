//! The load as a process of its own: [`start`] in the one that measures, [`serve`] in the one that asks.

use std::cell::{Cell, RefCell};
use std::io::Read as _;
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::task::{JoinSet, LocalSet};

use super::latency::Latency;
use super::worker::{Phase, Seen, Shared, work};
use super::{Left, Plan, Taken};
use crate::failure::{Failure, Outcome};
use crate::http::Connection;
use crate::proc::cpu;

/// Over the length of the plan, for connecting and for the last answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// A load process that is under way; ends when dropped.
pub(crate) struct Running {
    child: Child,
    limit: Duration,
}

/// Starts a load.
pub(crate) async fn start(plan: &Plan) -> Outcome<Running> {
    let program = std::env::current_exe().map_err(Failure::doing("finding this program"))?;
    let mut child = Command::new(program)
        .arg("load")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Failure::doing("starting the load"))?;
    let text = serde_json::to_vec(plan).map_err(Failure::doing("writing the plan"))?;
    let Some(mut input) = child.stdin.take() else {
        return Err(Failure::new("the load has no standard input"));
    };
    input
        .write_all(&text)
        .await
        .map_err(Failure::doing("handing the plan to the load"))?;
    Ok(Running {
        child,
        limit: plan.warm_up + plan.window + PATIENCE,
    })
}

impl Running {
    /// Waits for its end, which has a bound.
    pub(crate) async fn outcome(self) -> Outcome<Taken> {
        let output = tokio::time::timeout(self.limit, self.child.wait_with_output())
            .await
            .map_err(|_| Failure::new(format!("the load did not end in {:?}", self.limit)))?
            .map_err(Failure::doing("waiting for the load"))?;
        if !output.status.success() {
            return Err(Failure::new("the load failed; its reason is above"));
        }
        let taken: Taken = serde_json::from_slice(&output.stdout)
            .map_err(Failure::doing("reading what the load says"))?;
        if taken.requests() == 0 {
            return Err(Failure::new("the load had no answer inside its window"));
        }
        Ok(taken)
    }
}

/// Runs a load alone.
pub(crate) async fn run(plan: &Plan) -> Outcome<Taken> {
    start(plan).await?.outcome().await
}

/// What `gantry-bench load` does.
pub(crate) async fn serve() -> Outcome<()> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(Failure::doing("reading the plan"))?;
    let plan: Plan =
        serde_json::from_str(&text).map_err(Failure::doing("understanding the plan"))?;
    let taken = LocalSet::new().run_until(carry_out(plan)).await?;
    let text = serde_json::to_string(&taken).map_err(Failure::doing("writing the outcome"))?;
    println!("{text}");
    Ok(())
}

async fn carry_out(plan: Plan) -> Outcome<Taken> {
    let mut connections = Vec::new();
    for _ in &plan.callers {
        connections.push(Connection::open(plan.server).await?);
    }
    let shared = Rc::new(Shared {
        start: Instant::now(),
        phase: Cell::new(Phase::WarmUp),
        next: Cell::new(0),
        seen: RefCell::new(Seen::default()),
        plan,
    });
    let plan = &shared.plan;
    let mut callers = JoinSet::new();
    let (me, server) = (std::process::id(), plan.server_pid);
    if !plan.work.is_finite() {
        spawn(&mut callers, &shared, &mut connections);
        tokio::time::sleep(plan.warm_up).await;
    }
    let (server_before, client_before) = (cpu(server)?, cpu(me)?);
    let begin = Instant::now();
    shared.phase.set(Phase::Window);
    let mut left = Vec::new();
    if plan.work.is_finite() {
        spawn(&mut callers, &shared, &mut connections);
        collect(&mut callers, &mut left).await?;
    } else {
        tokio::time::sleep(plan.window).await;
    }
    let elapsed = begin.elapsed();
    let (server_after, client_after) = (cpu(server)?, cpu(me)?);
    shared.phase.set(Phase::Over);
    collect(&mut callers, &mut left).await?;
    left.sort_unstable_by_key(|(number, _)| *number);
    let seen = shared.seen.take();
    Ok(Taken {
        clients: plan.callers.len(),
        elapsed,
        statuses: seen.statuses,
        latency: Latency::of(seen.latencies),
        server_cpu: server_after.saturating_sub(server_before),
        client_cpu: client_after.saturating_sub(client_before),
        left: left.into_iter().map(|(_, left)| left).collect(),
    })
}

type Callers = JoinSet<Outcome<(usize, Left)>>;

fn spawn(callers: &mut Callers, shared: &Rc<Shared>, connections: &mut Vec<Connection>) {
    let all = shared.plan.callers.iter().zip(connections.drain(..));
    for (number, (caller, connection)) in all.enumerate() {
        let (shared, caller) = (Rc::clone(shared), caller.clone());
        callers.spawn_local(async move {
            let left = work(shared, caller, connection).await?;
            Ok((number, left))
        });
    }
}

async fn collect(callers: &mut Callers, left: &mut Vec<(usize, Left)>) -> Outcome<()> {
    while let Some(ended) = callers.join_next().await {
        left.push(ended.map_err(Failure::doing("a caller"))??);
    }
    Ok(())
}
