//! The interleavings that lose jobs under naive rules, and do not under ours.

use std::time::Duration;

use gantry_db::{CommitHook, DbError, args, sql};
use gantry_jobs::{NewJob, enqueue, reindex};
use gantry_testkit::both_engines;

use crate::world::{Journal, World, put};

/// What a naive remover does after one look that found nothing.
async fn naive_removal(world: &World, tenant: &gantry_db::TenantDb) {
    let id = tenant.id();
    world
        .databases
        .control
        .write(async move |tx| {
            tx.execute(
                sql!("update due_hints set due_at = null where tenant_id = $1"),
                &args![id],
            )
            .await
        })
        .await
        .unwrap();
}

/// Writes a job behind the back of the hook: the COMMIT of a transaction whose `before_commit` ran
/// earlier, as the caller has arranged.
async fn late_commit(tenant: &gantry_db::TenantDb, world: &World) {
    let id: gantry_kernel::JobId = world.kernel.id();
    let now = world.kernel.now();
    tenant
        .write(async move |tx| {
            tx.execute(
                sql!(
                    "insert into jobs (id, kind, payload, state, due_at, again, attempts,
                                       created_at, updated_at)
                     values ($1, 'work', '\"late\"', 'queued', $2, false, 0, $2, $2)"
                ),
                &args![id, now],
            )
            .await
        })
        .await
        .unwrap();
}

both_engines! {
    /// The hint is written, a remover looks and finds nothing, then the job is committed.
    async fn a_look_between_hint_and_commit(engine: Engine) {
        for naive in [true, false] {
            let world = World::new(engine).await;
            let tenant = world.tenant("one").await;
            let journal = Journal::default();
            // The remover is another process: nobody tells it of the commit.
            let remover = world.other_runner(vec![journal.kind("work")]);
            world.hints.before_commit(tenant.id(), world.kernel.now()).await.unwrap();
            remover.drain().await.unwrap();
            if naive {
                naive_removal(&world, &tenant).await;
            }
            late_commit(&tenant, &world).await;
            for _ in 0..3 {
                world.clock.advance(world.long());
                remover.drain().await.unwrap();
            }
            let found = journal.len();
            assert_eq!(found, usize::from(!naive), "naive: {naive}");
            assert_eq!(world.hint(&tenant).await, None, "the hint goes when all is done");
        }
    }

    /// A writer that remembers its hint skips the write while a remover is at work.
    async fn a_skipped_write_beside_a_remover(engine: Engine) {
        for naive in [true, false] {
            let world = World::new(engine).await;
            let tenant = world.tenant("one").await;
            let journal = Journal::default();
            let remover = world.other_runner(vec![journal.kind("work")]);
            let longest = world.databases.config().max_transaction;
            let tick = Duration::from_millis(1);
            world.hints.before_commit(tenant.id(), world.kernel.now()).await.unwrap();
            let written = generation(&world, &tenant).await;
            remover.drain().await.unwrap();
            // The last moment at which the writer may trust its memory, and does.
            world.clock.advance(longest.saturating_sub(tick));
            world.hints.before_commit(tenant.id(), world.kernel.now()).await.unwrap();
            assert_eq!(generation(&world, &tenant).await, written, "the write was skipped");
            // The remover looks a second time, and the transaction takes as long as it may.
            world.clock.advance(longest.saturating_sub(tick));
            remover.drain().await.unwrap();
            if naive {
                naive_removal(&world, &tenant).await;
            }
            late_commit(&tenant, &world).await;
            for _ in 0..3 {
                world.clock.advance(world.long());
                remover.drain().await.unwrap();
            }
            assert_eq!(journal.len(), usize::from(!naive), "naive: {naive}");
        }
    }

    async fn the_hint_is_there_before_the_commit_and_goes_when_all_is_quiet(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let runner = world.runner(vec![journal.kind("work")]);
        let refused = tenant
            .write(async |tx| {
                enqueue(tx, NewJob::new("work", &"never")).await?;
                Err::<(), _>(DbError::NoRow)
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(world.hint(&tenant).await, None, "no hint for what is rolled back at once");
        put(&tenant, "work", "x").await;
        assert_eq!(world.hint(&tenant).await, Some(world.kernel.now()));
        runner.drain().await.unwrap();
        assert_eq!(journal.notes(), ["x"]);
        assert!(world.hint(&tenant).await.is_some(), "one empty look removes nothing");
        let other = world.other_runner(vec![journal.kind("work")]);
        world.clock.advance(world.long());
        other.drain().await.unwrap();
        assert!(world.hint(&tenant).await.is_some(), "another process starts its own count");
        runner.drain().await.unwrap();
        assert_eq!(world.hint(&tenant).await, None, "two looks far enough apart do");
        world.clock.advance(world.long());
        put(&tenant, "work", "y").await;
        assert!(world.hint(&tenant).await.is_some(), "a removed hint comes back");
        runner.drain().await.unwrap();
        assert_eq!(journal.len(), 2);
    }

    async fn a_started_runner_settles_hints_to_the_next_job(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let later = world.kernel.now() + Duration::from_hours(24);
        put(&tenant, "work", "x").await;
        tenant
            .write(async move |tx| enqueue(tx, NewJob::new("work", &"later").at(later)).await)
            .await
            .unwrap();
        let running = world.runner(vec![journal.kind("work")]).start();
        let bound = Duration::from_secs(20);
        gantry_testkit::eventually("the hint at the later job", bound, async || {
            // Time passes in steps, so that the dispatcher sees quiet begin and end.
            world.clock.advance(Duration::from_secs(1));
            match world.hint(&tenant).await {
                Some(due) if due == later => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        assert_eq!(journal.notes(), ["x"]);
        running.stop(bound).await;
    }

    async fn work_of_another_process_is_found_within_the_poll(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let running = world.other_runner(vec![journal.kind("work")]).start();
        put(&tenant, "work", "x").await;
        gantry_testkit::eventually("the job", Duration::from_secs(10), async || {
            if journal.len() == 1 { Ok(()) } else { Err("not yet") }
        })
        .await;
        running.stop(Duration::from_secs(10)).await;
    }
}

async fn generation(world: &World, tenant: &gantry_db::TenantDb) -> i64 {
    let id = tenant.id();
    world
        .databases
        .control
        .read(async move |tx| {
            tx.one::<i64>(
                sql!("select generation from due_hints where tenant_id = $1"),
                &args![id],
            )
            .await
        })
        .await
        .unwrap()
}

both_engines! {
    async fn reindex_finds_jobs_that_came_without_hints(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        world.tenant("two").await;
        let journal = Journal::default();
        late_commit(&tenant, &world).await;
        let runner = world.other_runner(vec![journal.kind("work")]);
        runner.drain().await.unwrap();
        assert_eq!(journal.len(), 0, "without a hint it is not found");
        let done = reindex(&world.databases.control, &world.databases.tenants, &[]).await.unwrap();
        assert_eq!((done.read, done.hinted, done.failed.len()), (2, 1, 0));
        runner.drain().await.unwrap();
        assert_eq!(journal.notes(), ["late"]);
    }

    /// The hook must see control before the tenant commits; a hook that cannot write stops the commit.
    async fn without_its_hint_nothing_is_committed(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        world
            .databases
            .control
            .write(async |tx| tx.execute(sql!("drop table due_hints"), &args![]).await)
            .await
            .unwrap();
        let refused = tenant
            .write(async |tx| enqueue(tx, NewJob::new("work", &"x")).await)
            .await;
        assert!(refused.is_err());
        assert!(crate::world::rows(&tenant).await.is_empty());
    }
}

#[test]
fn both_places_have_the_same_furniture() {
    let [control, tenant] = [
        gantry_jobs::MIGRATIONS.control,
        gantry_jobs::MIGRATIONS.tenant,
    ];
    assert_eq!(control[0], tenant[0]);
}
