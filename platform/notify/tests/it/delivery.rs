//! What each answer of the mail server leads to.

use gantry_db::{DbError, TenantTx, args, sql};
use gantry_jobs::{OutboxState, outbox};
use gantry_notices::{DELIVER, Telling, To};
use gantry_notify::{MailConfig, Mailer, SendError};
use gantry_sim_smtp::Fault;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::world::World;

both_engines! {
    async fn a_mail_is_delivered_once(engine: Engine) {
        let world = World::new(engine).await;
        let id = world.put("test.hello").await;
        let runner = world.sending();
        runner.drain().await.unwrap();
        world.wait(100_000);
        runner.drain().await.unwrap();
        let messages = world.simulator.messages();
        assert_eq!(messages.len(), 1);
        let content = &messages[0].content;
        assert_eq!(messages[0].recipients, ["b@example.org"]);
        assert_eq!(content.subject, "Hello <Zoë>");
        assert_eq!(content.message_id, Some(format!("{id}@example.com")));
        assert!(content.html.as_deref().unwrap().contains("Hello &lt;Zoë&gt;"));
        assert_eq!(content.links, ["https://example.com/t?token=abc"]);
        assert_eq!(content.header("auto-submitted"), Some("auto-generated"));
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Sent, 1));
        assert!(listed.sent_at.is_some());
    }

    async fn greylisting_is_waited_out(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::Greylist { count: 2 }).await;
        world.put("test.hello").await;
        let runner = world.sending();
        runner.drain().await.unwrap();
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Queued, 1));
        assert!(listed.last_error.unwrap().contains("greylisted"));
        world.wait(5);
        runner.drain().await.unwrap();
        world.wait(10);
        runner.drain().await.unwrap();
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Sent, 3));
        assert_eq!(listed.last_error, None);
        assert_eq!(world.simulator.messages().len(), 1);
    }

    async fn operators_are_told_of_dead_mail_once_an_hour_and_kind(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::RejectRcpt).await;
        let runner = world.sending();
        let told = async || -> Vec<Telling> {
            let select = sql!("select payload from jobs where kind = $1 order by id");
            let rows: Result<Vec<(String,)>, DbError> =
                world.tenant.read(async |tx: &mut TenantTx| tx.all(select, &args![DELIVER]).await).await;
            rows.unwrap().iter().map(|(payload,)| serde_json::from_str(payload).unwrap()).collect()
        };
        let first = world.put("test.hello").await;
        runner.drain().await.unwrap();
        world.put("test.hello").await;
        runner.drain().await.unwrap();
        let one = told().await;
        assert_eq!(one.len(), 1, "{one:?}");
        let about = json!({"mail": first, "template": "test.hello", "tenant": world.tenant.id()});
        assert_eq!((one[0].kind.as_str(), &one[0].subjects), ("notify.mail.dead", &about));
        assert_eq!(one[0].to, To::Operators("notify.mail.read".to_owned()));
        world.wait(3_600);
        world.put("test.hello").await;
        runner.drain().await.unwrap();
        assert_eq!(told().await.len(), 2);
    }

    async fn a_refusal_for_good_is_shown_and_can_be_tried_again_by_hand(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::RejectRcpt).await;
        let id = world.put("test.hello").await;
        let runner = world.sending();
        runner.drain().await.unwrap();
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Dead, 1));
        let words = listed.last_error.unwrap();
        assert!(words.contains("550") && words.contains("no such mailbox"), "{words}");
        world.wait(100_000);
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.attempts, 1, "nothing tries it by itself");
        world.simulator.set_fault(Fault::None).await;
        assert!(world.tenant.write(async move |tx| outbox::requeue(tx, id).await).await.unwrap());
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Sent);
    }

    async fn a_server_that_is_down_is_waited_for(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::RefuseConnections).await;
        world.put("test.hello").await;
        let runner = world.sending();
        for attempts in 1..=3 {
            runner.drain().await.unwrap();
            let listed = world.listed().await;
            assert_eq!((listed.state, listed.attempts), (OutboxState::Queued, attempts));
            world.wait(60);
        }
        world.simulator.set_fault(Fault::None).await;
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Sent);
        assert_eq!(world.simulator.messages().len(), 1);
    }

    async fn a_server_that_stays_down_is_given_up(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::RefuseConnections).await;
        world.put("test.hello").await;
        let runner = world.sending();
        for _ in 0..24 {
            runner.drain().await.unwrap();
            world.wait(7_200);
        }
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Dead, 24));
        assert!(listed.last_error.unwrap().starts_with("given up after 24 attempts"));
    }

    /// The server took it and we never heard: the mail repeats, and says that it is the same.
    async fn a_lost_answer_repeats_the_same_message_id(engine: Engine) {
        let world = World::new(engine).await;
        world.simulator.set_fault(Fault::AcceptThenDrop { times: Some(1) }).await;
        world.put("test.hello").await;
        let runner = world.sending();
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Queued);
        world.wait(60);
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Sent);
        let messages = world.simulator.messages();
        assert_eq!(messages.len(), 2);
        assert!(messages[0].content.message_id.is_some());
        assert_eq!(messages[0].content.message_id, messages[1].content.message_id);
    }

    async fn what_is_no_longer_wanted_or_known_is_not_sent(engine: Engine) {
        let world = World::new(engine).await;
        world.put("test.unwanted").await;
        world.sending().drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Skipped);
        assert!(world.simulator.messages().is_empty());
    }

    async fn a_mail_whose_process_always_dies_is_dead_and_can_be_sent_again(engine: Engine) {
        let world = World::new(engine).await;
        let id = world.put("test.hello").await;
        let killed = async move |tx: &mut TenantTx| {
            outbox::begin(tx, id, "<first@example.com>").await?;
            tx.execute(sql!("update jobs set attempts = 24"), &args![])
                .await
        };
        assert_eq!(world.tenant.write(killed).await.unwrap(), 1);
        let runner = world.sending();
        runner.drain().await.unwrap();
        let listed = world.listed().await;
        assert_eq!(listed.state, OutboxState::Dead);
        assert!(listed.last_error.unwrap().contains("without a word"));
        assert!(
            world
                .tenant
                .write(async move |tx| outbox::requeue(tx, id).await)
                .await
                .unwrap()
        );
        runner.drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Sent);
        assert_eq!(world.simulator.messages().len(), 1);
    }
}

#[tokio::test]
async fn the_test_mail_says_what_the_server_said() {
    let world = World::new(gantry_testkit::Engine::Sqlite).await;
    let mailer = Mailer::new(&world.config()).unwrap();
    let to = "b@example.org".parse().unwrap();
    mailer.send_test(&world.kernel, &to).await.unwrap();
    assert_eq!(
        world.simulator.messages()[0].content.subject,
        "Test mail from Gantry"
    );
    world.simulator.set_fault(Fault::RejectRcpt).await;
    let refused = mailer.send_test(&world.kernel, &to).await.unwrap_err();
    assert!(matches!(&refused, SendError::Permanent(words) if words.contains("no such mailbox")));
    world.simulator.set_fault(Fault::RefuseConnections).await;
    assert!(mailer.check().await.is_err());
    let nowhere = Mailer::new(&MailConfig::default()).unwrap();
    assert!(matches!(
        nowhere.send_test(&world.kernel, &to).await,
        Err(SendError::Transient(_))
    ));
}

#[tokio::test]
async fn the_operations_agree_with_each_other() {
    let world = World::new(gantry_testkit::Engine::Sqlite).await;
    let routes = gantry_notify::routes(world.notify(&world.config()));
    let table = gantry_http::Table::build(vec![routes]).unwrap();
    let ids: Vec<_> = table
        .operations()
        .into_iter()
        .map(|(_, path, _, _)| path)
        .collect();
    assert_eq!(ids.len(), 4);
    assert!(table.public_routes().is_empty());
}
