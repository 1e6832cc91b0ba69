//! Mail intents and their jobs.

use gantry_db::DbError;
use gantry_jobs::{JobError, JobKind, Mail, OutboxState, outbox};
use gantry_testkit::both_engines;

use crate::world::World;

fn mail() -> Mail {
    Mail {
        template: "identity.verify",
        to: "someone@example.org".parse().unwrap(),
        params: serde_json::json!({ "identity": "id" }),
    }
}

both_engines! {
    async fn an_intent_is_delivered_once_and_listed_without_its_params(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let id = tenant.write(async |tx| outbox::put_mail(tx, mail()).await).await.unwrap();
        let deliver = JobKind::new(outbox::MAIL_DELIVER, |cx| async move {
            let job: outbox::MailJob = cx.payload()?;
            let lease = cx.lease.clone();
            cx.tenant_db()?
                .write(async move |tx| {
                    outbox::begin(tx, job.outbox, "one@example.com").await?;
                    outbox::conclude(tx, job.outbox, OutboxState::Sent, None).await?;
                    lease.finish(tx).await?;
                    Ok::<_, JobError>(())
                })
                .await
        });
        world.runner(vec![deliver]).drain().await.unwrap();
        let listed = tenant
            .read(async |tx| outbox::list(tx, Some(OutboxState::Sent), None, 10).await)
            .await
            .unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].id, listed[0].attempts), (id, 1));
        assert!(listed[0].sent_at.is_some());
        let shown = serde_json::to_string(&listed).unwrap();
        assert!(!shown.contains("params"), "{shown}");
        let last = Some((listed[0].created_at, listed[0].id));
        let rest = tenant.read(async move |tx| outbox::list(tx, None, last, 10).await).await.unwrap();
        assert!(rest.is_empty());
    }

    async fn held_mail_is_released_by_its_reason(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let released = tenant
            .write(async |tx| {
                let ours = outbox::put_mail(tx, mail()).await?;
                let theirs = outbox::put_mail(tx, mail()).await?;
                outbox::conclude(tx, ours, OutboxState::Held, Some("not configured")).await?;
                outbox::conclude(tx, theirs, OutboxState::Held, Some("restored")).await?;
                let released = outbox::release_held(tx, "not configured", 100).await?;
                let state = outbox::get(tx, theirs).await?.map(|intent| intent.state);
                assert_eq!(state, Some(OutboxState::Held));
                let again = outbox::requeue(tx, ours).await?;
                Ok::<_, DbError>((released, again))
            })
            .await
            .unwrap();
        assert_eq!(released, (1, false));
        let counts = tenant.read(async |tx| outbox::counts(tx).await).await.unwrap();
        assert_eq!(counts, [(OutboxState::Held, 1), (OutboxState::Queued, 1)]);
    }
}
