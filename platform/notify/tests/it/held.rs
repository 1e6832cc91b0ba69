//! Mail without a mail server: held, visible, and sent once there is one.

use gantry_jobs::OutboxState;
use gantry_notify::MailConfig;
use gantry_testkit::both_engines;

use crate::world::World;

both_engines! {
    async fn held_until_a_server_is_configured(engine: Engine) {
        let world = World::new(engine).await;
        let without = world.notify(&MailConfig::default());
        world.put("test.hello").await;
        world.runner(&without).drain().await.unwrap();
        let listed = world.listed().await;
        assert_eq!((listed.state, listed.attempts), (OutboxState::Held, 0));
        assert_eq!(listed.last_error.as_deref(), Some("no mail server is configured"));
        assert_eq!(without.release_held().await.unwrap(), 0);

        let with = world.notify(&world.config());
        assert_eq!(with.release_held().await.unwrap(), 1);
        world.runner(&with).drain().await.unwrap();
        assert_eq!(world.listed().await.state, OutboxState::Sent);
        assert_eq!(world.simulator.messages().len(), 1);
        assert_eq!(with.release_held().await.unwrap(), 0, "a place is released once");
    }
}
