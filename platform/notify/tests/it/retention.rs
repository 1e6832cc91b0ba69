//! Mails that are over are forgotten after a while, the others stay.

use gantry_db::{DbError, TenantTx, args, sql};
use gantry_jobs::{Mail, OutboxState, outbox};
use gantry_sim_smtp::Fault;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::world::World;

const DAY: u64 = 24 * 3_600;

async fn states(world: &World) -> Vec<OutboxState> {
    let listed = world
        .tenant
        .read(async |tx| outbox::list(tx, None, None, 10).await);
    let mut states: Vec<_> = listed
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.state)
        .collect();
    states.sort_by_key(|state| state.as_str());
    states
}

both_engines! {
    async fn sent_and_skipped_mails_are_forgotten_after_thirty_days(engine: Engine) {
        use OutboxState::{Dead, Held, Sent, Skipped};

        let world = World::new(engine).await;
        world.put("test.hello").await;
        world.put("test.unwanted").await;
        world.sending().drain().await.unwrap();
        // Refused for good, and held: somebody has to look at these.
        world.simulator.set_fault(Fault::RejectRcpt).await;
        world.put("test.hello").await;
        world.sending().drain().await.unwrap();
        world.simulator.set_fault(Fault::None).await;
        world.put("test.hello").await;
        let without = world.notify(&gantry_notify::MailConfig::default());
        world.runner(&without).drain().await.unwrap();
        assert_eq!(states(&world).await, [Dead, Held, Sent, Skipped]);

        world.wait(10 * DAY);
        world.put("test.hello").await;
        world.sending().drain().await.unwrap();
        world.wait(20 * DAY - 1);
        world.sending().drain().await.unwrap();
        assert_eq!(states(&world).await, [Dead, Held, Sent, Sent, Skipped]);
        world.wait(1);
        world.sending().drain().await.unwrap();
        assert_eq!(states(&world).await, [Dead, Held, Sent], "the younger one stays");
        world.wait(10 * DAY);
        world.sending().drain().await.unwrap();
        assert_eq!(states(&world).await, [Dead, Held]);
    }

    async fn control_forgets_more_than_one_batch(engine: Engine) {
        let world = World::new(engine).await;
        world
            .databases
            .control
            .write(async |tx| {
                let mail = Mail {
                    template: "test.hello",
                    to: "b@example.org".parse().map_err(|_| DbError::NoRow)?,
                    params: json!({ "name": "Example" }),
                };
                outbox::put_mail(tx, mail).await?;
                let now = tx.now();
                for _ in 0..1_100 {
                    let id: outbox::OutboxId = tx.kernel().id();
                    tx.execute(
                        sql!(
                            "insert into outbox (id, channel, template, recipient, params, state,
                                                 attempts, created_at, updated_at, sent_at)
                             values ($1, 'mail', 'test.hello', 'b@example.org', '{}', 'sent', 1, $2, $2, $2)"
                        ),
                        &args![id, now],
                    )
                    .await?;
                }
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
        world.sending().drain().await.unwrap();
        world.wait(30 * DAY);
        world.sending().drain().await.unwrap();
        let left = world
            .databases
            .control
            .read(async |tx| outbox::counts(tx).await)
            .await
            .unwrap();
        assert_eq!(left, []);
        let jobs: i64 = world
            .tenant
            .read(async |tx: &mut TenantTx| tx.one(sql!("select count(*) from jobs"), &args![]).await)
            .await
            .unwrap();
        assert_eq!(jobs, 0, "nothing to do is left where nothing was sent");
    }
}
