//! Notices on both engines: told in a transaction, arriving once, kept within bounds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use gantry_db::{ControlTx, DbError, TenantState, TenantTx, Tx, args, directory, sql};
use gantry_kernel::{IdentityId, Permission, TenantId};
use gantry_notices::{
    COUNTED, DELIVER, Filter, Kept, MOST, Mark, Notice, NoticeId, Telling, To, arrive,
    forget_member, forget_person, forget_tenant, list, mark_read, sweep, tell, unread, withdraw,
};
use gantry_testkit::{Engine, Stage, both_engines};
use serde_json::json;

struct World {
    stage: Stage,
    person: IdentityId,
    other: IdentityId,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let modules = [
            gantry_jobs::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
        ];
        let stage = Stage::new(engine, modules).await;
        Self {
            person: stage.kernel.id(),
            other: stage.kernel.id(),
            stage,
        }
    }

    fn filter(&self) -> Filter {
        Filter {
            person: self.person,
            only: None,
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        f: impl AsyncFn(&mut Tx) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> Result<T, DbError> {
        let control = &self.stage.databases.control;
        control
            .write(async move |tx: &mut ControlTx| f(tx).await)
            .await
    }

    async fn tell(&self, notice: Notice) {
        self.write(async move |tx| tell(tx, notice.clone()).await)
            .await
            .unwrap();
    }

    async fn kept(&self, filter: Filter) -> Vec<Kept> {
        let control = &self.stage.databases.control;
        control
            .read(async |tx| list(tx, filter, false, None, 2_000).await)
            .await
            .unwrap()
    }

    async fn unread(&self, filter: Filter) -> i64 {
        let control = &self.stage.databases.control;
        control
            .read(async |tx| unread(tx, filter).await)
            .await
            .unwrap()
    }

    async fn read(&self, filter: Filter, mark: Mark) {
        self.write(async move |tx| mark_read(tx, filter, &mark).await)
            .await
            .unwrap();
    }

    /// What waits for the relay, for this person.
    async fn events(&self) -> Vec<String> {
        let person = self.person;
        let control = &self.stage.databases.control;
        let rows: Vec<(String,)> = control
            .read(async |tx| {
                tx.all(
                    sql!("select kind from events_waiting where person_id = $1 order by id"),
                    &args![person],
                )
                .await
            })
            .await
            .unwrap();
        rows.into_iter().map(|(kind,)| kind).collect()
    }
}

const KIND: &str = "test.thing.happened";

both_engines! {
    async fn what_happened_once_is_told_once_and_only_if_it_happened(engine: Engine) {
        let world = World::new(engine).await;
        let notice = Notice::to_person(KIND, world.person).with("n", 1).once("first");
        world.tell(notice.clone()).await;
        world.tell(notice.with("n", 2)).await;
        world.tell(Notice::to_person(KIND, world.other).once("first")).await;
        let undone = Notice::to_person(KIND, world.person);
        let failed = world.write(async move |tx| {
            tell(tx, undone.clone()).await?;
            Err::<(), _>(DbError::NoRow)
        });
        assert!(failed.await.is_err());
        let kept = world.kept(world.filter()).await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!((&kept[0].subjects, &kept[0].read_at), (&json!({"n": 1}), &None));
        assert!(kept[0].tenant.is_none());
        assert_eq!(world.events().await, ["notify.notice.created"]);
        // Without a name each is something else that happened.
        world.tell(Notice::to_person(KIND, world.person)).await;
        world.tell(Notice::to_person(KIND, world.person)).await;
        assert_eq!(world.kept(world.filter()).await.len(), 3);

        world.write(async |tx| withdraw(tx, KIND, "first").await).await.unwrap();
        assert_eq!(world.kept(world.filter()).await.len(), 2);
        assert_eq!(world.events().await.last().unwrap(), "notify.notice.removed");
    }

    async fn what_was_read_is_noted_once_and_nobody_elses(engine: Engine) {
        let world = World::new(engine).await;
        for _ in 0..4 {
            world.tell(Notice::to_person(KIND, world.person)).await;
        }
        let ids: Vec<NoticeId> = world.kept(world.filter()).await.iter().map(|one| one.id).collect();
        assert!(ids.is_sorted_by(|a, b| a > b), "the last to arrive first");
        let told = world.events().await.len();
        let foreign = Filter { person: world.other, only: None };
        world.read(foreign, Mark::UpTo(ids[0])).await;
        assert_eq!(world.unread(world.filter()).await, 4);
        world.read(world.filter(), Mark::These(vec![ids[0], world.stage.kernel.id()])).await;
        assert_eq!(world.unread(world.filter()).await, 3);
        let first = world.kept(world.filter()).await[0].read_at;
        world.stage.clock.advance(Duration::from_mins(1));
        world.read(world.filter(), Mark::These(vec![ids[0]])).await;
        assert_eq!(world.kept(world.filter()).await[0].read_at, first, "when it was first read stays");
        world.read(world.filter(), Mark::UpTo(ids[2])).await;
        let read: Vec<bool> = world.kept(world.filter()).await.iter().map(|one| one.read_at.is_some()).collect();
        assert_eq!(read, [true, false, true, true]);
        assert_eq!(world.events().await[told..], ["notify.notice.read", "notify.notice.read"], "changes alone are told");
    }

    /// Of more than the bound those that were read go first, then the oldest; of what was read some time ago all.
    async fn notices_are_kept_within_bounds(engine: Engine) {
        let world = World::new(engine).await;
        let person = world.person;
        world.write(async move |tx| {
            for _ in 0..MOST {
                tell(tx, Notice::to_person(KIND, person)).await?;
            }
            Ok(())
        }).await.unwrap();
        assert_eq!(world.unread(world.filter()).await, COUNTED);
        let before = world.kept(world.filter()).await;
        let (newest, oldest) = (before[0].id, before.last().unwrap().id);
        world.read(world.filter(), Mark::These(vec![newest])).await;
        world.tell(Notice::to_person(KIND, person)).await;
        let kept = world.kept(world.filter()).await;
        assert_eq!(i64::try_from(kept.len()).unwrap(), MOST);
        assert!(!kept.iter().any(|one| one.id == newest), "the one that was read went");
        assert!(kept.iter().any(|one| one.id == oldest));
        world.tell(Notice::to_person(KIND, person)).await;
        assert!(!world.kept(world.filter()).await.iter().any(|one| one.id == oldest), "then the oldest");

        let (read, left) = (kept[10].id, kept[11].id);
        world.read(world.filter(), Mark::These(vec![read])).await;
        world.stage.clock.advance(Duration::from_hours(24 * 30));
        let sweeping = async |tx: &mut Tx| {
            let before = tx.now().before(Duration::from_hours(24 * 30));
            sweep(tx, before, 100).await
        };
        assert_eq!(world.write(sweeping).await.unwrap(), 0, "not before its time");
        world.stage.clock.advance(Duration::from_secs(1));
        assert_eq!(world.write(sweeping).await.unwrap(), 1);
        let kept = world.kept(world.filter()).await;
        assert!(!kept.iter().any(|one| one.id == read) && kept.iter().any(|one| one.id == left));
    }

    async fn a_workspaces_notices_go_with_the_membership_and_the_workspace(engine: Engine) {
        let world = World::new(engine).await;
        let (north, south) = (world.stage.tenant("north").await.id(), world.stage.tenant("south").await.id());
        let (person, other) = (world.person, world.other);
        for to in [person, other] {
            for tenant in [north, south] {
                world.tell(Notice::to_person(KIND, to).in_tenant(tenant)).await;
            }
            world.tell(Notice::to_person(KIND, to)).await;
        }
        let only = |tenant| Filter { person, only: Some(tenant) };
        let seen = world.kept(only(north)).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].tenant.as_ref().unwrap().slug.to_string(), "north");
        assert_eq!(world.unread(only(south)).await, 1);
        world.read(only(north), Mark::UpTo(world.stage.kernel.id())).await;
        assert_eq!((world.unread(world.filter()).await, world.unread(only(south)).await), (2, 1));

        let control = world.stage.databases.control.clone();
        let turn = async |state| {
            let write = async move |tx: &mut ControlTx| {
                directory::set_state(tx, south, state, None).await.map(drop)
            };
            control.write(write).await.unwrap();
        };
        turn(TenantState::Closed).await;
        assert_eq!((world.kept(world.filter()).await.len(), world.unread(world.filter()).await), (2, 1));
        world.read(world.filter(), Mark::UpTo(world.stage.kernel.id())).await;
        turn(TenantState::Active).await;
        assert_eq!(world.unread(world.filter()).await, 1, "what was not shown was not read");

        world.write(async move |tx| forget_member(tx, north, person).await).await.unwrap();
        assert!(world.kept(only(north)).await.is_empty());
        world.write(async move |tx| forget_tenant(tx, south).await).await.unwrap();
        assert_eq!(world.kept(world.filter()).await.len(), 1);
        let others = Filter { person: other, only: None };
        assert_eq!(world.kept(others).await.len(), 2);
        world.write(async move |tx| forget_person(tx, other).await).await.unwrap();
        assert!(world.kept(others).await.is_empty());
    }

    /// In a tenant's database, and for operators, telling leaves a job that carries everything.
    async fn what_cannot_be_written_at_once_is_left_to_a_job(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.stage.tenant("north").await;
        let person = world.person;
        let there = tenant.id();
        tenant.write(async move |tx: &mut TenantTx| {
            // Whatever is claimed, what lies in a tenant's database is the tenant's.
            let elsewhere: TenantId = tx.kernel().id();
            tell(tx, Notice::to_person(KIND, person).in_tenant(elsewhere).with("a", "b").once("x")).await?;
            tell(tx, Notice::to_person(KIND, person).once("x")).await
        }).await.unwrap();
        let payloads = async |tx: &mut Tx| -> Result<Vec<(String,)>, DbError> {
            tx.all(sql!("select payload from jobs where kind = $1 order by id"), &args![DELIVER]).await
        };
        let left = tenant.read(async |tx: &mut TenantTx| payloads(tx).await).await.unwrap();
        assert_eq!(left.len(), 1, "{left:?}");
        let telling: Telling = serde_json::from_str(&left[0].0).unwrap();
        assert_eq!((telling.tenant, &telling.to), (Some(there), &To::Person(person)));
        assert_eq!(telling.subjects, json!({"a": "b"}));

        world.tell(Notice::to_operators(KIND, Permission::new("test.thing.read")).in_tenant(there)).await;
        let left = world.write(payloads).await.unwrap();
        let operators: Telling = serde_json::from_str(&left[0].0).unwrap();
        assert_eq!((operators.tenant, &operators.to), (None, &To::Operators("test.thing.read".to_owned())));

        let arriving = async move |tx: &mut Tx| arrive(tx, &telling, person).await;
        assert!(world.write(arriving.clone()).await.unwrap());
        assert!(!world.write(arriving).await.unwrap(), "a job that runs twice tells once");
        assert_eq!(world.kept(world.filter()).await.len(), 1);
    }
}
