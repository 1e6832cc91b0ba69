//! Moves, closures and the fleet, through the HTTP edge and the jobs.

use std::time::Duration;

use gantry_db::{DbError, Home, args, sql};
use gantry_kernel::{Period, TenantId};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::support::{Process, World};

const ALL: &str = "/api/v1/admin/tenants";

async fn note(process: &Process, tenant: TenantId, key: &'static str) -> Result<(), DbError> {
    let db = process.databases.tenants.get(tenant).await?;
    db.write(async move |tx| {
        let insert = sql!("insert into test_notes (id) values ($1)");
        tx.execute(insert, &args![key]).await.map(drop)
    })
    .await
}

async fn notes(process: &Process, tenant: TenantId) -> Vec<String> {
    let db = process.databases.tenants.get(tenant).await.unwrap();
    let rows: Result<Vec<(String,)>, DbError> = db
        .read(async |tx| {
            tx.all(sql!("select id from test_notes order by id"), &args![])
                .await
        })
        .await;
    rows.unwrap().into_iter().map(|(id,)| id).collect()
}

both_engines! {
    /// There, confirmed; back, reverted to the second home again with what was written since.
    async fn a_tenant_moves_and_comes_back(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        note(&process, id, "first").await.unwrap();
        let own = Home::of(&process.tenant(id).await).to_string();
        let moves = format!("{ALL}/{id}/moves");

        let wrong = process.call("operator", "POST", &moves, None, Some(json!({"to": "nowhere"}))).await;
        assert_eq!(wrong.status, 422, "{}", wrong.body);
        let here = process.call("operator", "POST", &moves, None, Some(json!({"to": own}))).await;
        assert_eq!((here.status, here.body["code"].as_str()), (409, Some("already_there")));

        let begun = process.call("operator", "POST", &moves, None, Some(json!({"to": "north"}))).await;
        assert_eq!(begun.status, 202, "{}", begun.body);
        let twice = process.call("operator", "POST", &moves, None, Some(json!({"to": "north"}))).await;
        assert_eq!((twice.status, twice.body["code"].as_str()), (409, Some("move_open")));
        let one = format!("{moves}/{}", begun.body["id"].as_str().unwrap());
        let early = process.call("operator", "POST", &format!("{one}/confirmation"), None, None).await;
        assert_eq!((early.status, early.body["code"].as_str()), (409, Some("move_state")));

        process.runner.drain().await.unwrap();
        let listed = process.call("operator", "GET", &moves, None, None).await.body;
        assert_eq!(listed["items"][0]["state"], "moved", "{listed}");
        let tenant = process.tenant(id).await;
        assert_eq!((Home::of(&tenant).to_string().as_str(), tenant.incarnation), ("north", 2));
        note(&process, id, "second").await.unwrap();
        assert_eq!(notes(&process, id).await, ["first", "second"]);

        let back = process.call("operator", "POST", &format!("{one}/reversal"), None, None).await;
        assert_eq!(back.status, 202, "{}", back.body);
        process.runner.drain().await.unwrap();
        let listed = process.call("operator", "GET", &moves, None, None).await.body;
        assert_eq!(listed["items"][0]["state"], "moved", "{listed}");
        assert_eq!(listed["items"][1]["state"], "reverted", "{listed}");
        assert!(!listed["items"][1]["removed_at"].is_null(), "{listed}");
        assert_eq!(Home::of(&process.tenant(id).await).to_string(), own);
        assert_eq!(notes(&process, id).await, ["first", "second"]);
        note(&process, id, "third").await.unwrap();

        let second = format!("{moves}/{}/confirmation", back.body["id"].as_str().unwrap());
        let confirmed = process.call("operator", "POST", &second, None, None).await;
        assert_eq!(confirmed.status, 202, "{}", confirmed.body);
        process.runner.drain().await.unwrap();
        let listed = process.call("operator", "GET", &moves, None, None).await.body;
        assert!(!listed["items"][0]["removed_at"].is_null(), "{listed}");
        assert_eq!(process.call("owner", "GET", &moves, None, None).await.status, 403);
        let actions = process.actions(id).await;
        for action in ["requested", "moved", "reverted", "confirmed"] {
            let action = format!("tenancy.move.{action}");
            assert!(actions.contains(&action), "{action} in {actions:?}");
        }
        // One for each move, to who asked.
        let told = process.notices(world.owner).await;
        assert_eq!(told.len(), 2, "{told:?}");
        for (notice, to) in told.iter().zip([own.as_str(), "north"]) {
            assert_eq!((notice.kind.as_str(), &notice.tenant), ("tenancy.move.finished", &None));
            assert_eq!((&notice.subjects["tenant"], &notice.subjects["to"]), (&json!(id), &json!(to)));
        }
        assert_eq!(told[0].subjects["move"], back.body["id"]);
    }

    /// As if no attempt had come to anything.
    async fn a_move_that_is_given_up_is_told_to_who_asked(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let own = Home::of(&process.tenant(id).await);
        let moves = format!("{ALL}/{id}/moves");
        let begun = process.call("operator", "POST", &moves, None, Some(json!({"to": "north"}))).await;
        assert_eq!(begun.body["requested_by"], json!(world.owner), "{}", begun.body);
        process.databases.control.write(async |tx: &mut gantry_db::ControlTx| {
            tx.execute(sql!("update tenancy_moves set failures = 1000"), &args![]).await
        }).await.unwrap();
        process.runner.drain().await.unwrap();
        let listed = process.call("operator", "GET", &moves, None, None).await.body;
        assert_eq!(listed["items"][0]["state"], "failed", "{listed}");
        assert_eq!(Home::of(&process.tenant(id).await), own);
        let told = process.notices(world.owner).await;
        assert_eq!((told.len(), told[0].kind.as_str()), (1, "tenancy.move.failed"));
        assert_eq!(told[0].subjects, json!({"tenant": id, "move": begun.body["id"], "to": "north"}));
    }

    /// What dies while writes are refused leaves a tenant that the next process moves all the same.
    async fn a_move_that_was_cut_off_begins_again(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let begun = process
            .call("operator", "POST", &format!("{ALL}/{id}/moves"), None, Some(json!({"to": "north"})))
            .await;
        assert_eq!(begun.status, 202, "{}", begun.body);
        process.databases.tenants.hold_off(id).await.unwrap();
        process.databases.control.write(async |tx: &mut gantry_db::ControlTx| {
            tx.execute(sql!("update tenancy_moves set state = 'pausing'"), &args![]).await
        }).await.unwrap();
        assert!(matches!(note(&process, id, "no").await, Err(DbError::Moving)));
        drop(process);
        let process = world.start().await;
        process.runner.drain().await.unwrap();
        assert_eq!(Home::of(&process.tenant(id).await).to_string(), "north");
        note(&process, id, "yes").await.unwrap();
        assert_eq!(notes(&process, id).await, ["yes"]);
    }

    /// A move that fails for good leaves the tenant where it was, open to writes, and nothing of itself; the next one
    /// finds the way free.
    async fn a_move_that_fails_leaves_no_copy(engine: Engine) {
        let mut world = World::new(engine);
        world.max_pause = Period::millis(0);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        note(&process, id, "first").await.unwrap();
        let (before, own) = (process.tenant(id).await, world.north.suffixes());
        let moves = format!("{ALL}/{id}/moves");
        let begun = process.call("operator", "POST", &moves, None, Some(json!({"to": "north"}))).await;
        assert_eq!(begun.status, 202, "{}", begun.body);
        let mut copied = false;
        for _ in 0..3 {
            process.runner.drain().await.unwrap();
            copied |= world.north.suffixes().len() > own.len();
            world.clock.advance(Duration::from_mins(2));
        }
        assert!(copied, "an attempt leaves its copy to the next");
        let listed = process.call("operator", "GET", &moves, None, None).await.body;
        let one = &listed["items"][0];
        assert_eq!((&one["state"], &one["failures"]), (&json!("failed"), &json!(2)), "{listed}");
        assert!(one["last_error"].as_str().unwrap().contains("longest pause"), "{listed}");
        assert!(!one["removed_at"].is_null(), "{listed}");
        assert_eq!(world.north.suffixes(), own, "{listed}");
        let after = process.tenant(id).await;
        assert_eq!((&after.database, after.incarnation), (&before.database, before.incarnation));
        note(&process, id, "second").await.unwrap();

        drop(process);
        world.max_pause = Period::seconds(120);
        let process = world.start().await;
        let begun = process.call("operator", "POST", &moves, None, Some(json!({"to": "north"}))).await;
        assert_eq!(begun.status, 202, "{}", begun.body);
        process.runner.drain().await.unwrap();
        let tenant = process.tenant(id).await;
        assert_eq!((Home::of(&tenant).to_string().as_str(), tenant.incarnation), ("north", 3));
        assert_ne!(json!(tenant.database), one["former"], "the number of a failed copy is used up");
        assert_eq!(notes(&process, id).await, ["first", "second"]);
    }

    /// Closed at once, back within the grace, removed after it, and never to be had again.
    async fn a_closed_tenant_has_a_grace(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let closure = format!("{ALL}/{id}/closure");
        let why = || Some(json!({"reason": "gone"}));
        let closed = process.call("operator", "POST", &closure, None, why()).await;
        assert_eq!((closed.status, closed.body["state"].as_str()), (200, Some("closed")), "{}", closed.body);
        let twice = process.call("operator", "POST", &closure, None, why()).await;
        assert_eq!(twice.status, 409, "{}", twice.body);
        world.clock.advance(Duration::from_hours(29 * 24));
        process.runner.drain().await.unwrap();
        let opened = process.call("operator", "DELETE", &closure, None, None).await;
        assert_eq!((opened.status, opened.body["state"].as_str()), (200, Some("active")), "{}", opened.body);
        note(&process, id, "kept").await.unwrap();
        assert_eq!(process.owners(id).await, [world.owner]);
        process.tell(world.owner, id).await;

        process.call("operator", "POST", &closure, None, why()).await;
        world.clock.advance(Duration::from_hours(31 * 24));
        process.databases.control.write(async |tx: &mut gantry_db::ControlTx| {
            gantry_jobs::enqueue(tx, gantry_jobs::NewJob::new(gantry_tenancy::REMOVAL, &())).await
        }).await.unwrap();
        process.runner.drain().await.unwrap();
        let gone = process.databases.tenants.get(id).await;
        assert!(matches!(gone, Err(DbError::TenantMissing(_))), "{gone:?}");
        assert_eq!(*process.forgotten.0.lock().unwrap(), [id], "its files went with it");
        let late = process.call("operator", "DELETE", &closure, None, None).await;
        assert_eq!(late.status, 409, "{}", late.body);
        let seen = process.call("operator", "GET", &format!("{ALL}/{id}"), None, None).await.body;
        assert!(!seen["closure"]["removed_at"].is_null(), "{seen}");
        // Who belonged there is forgotten, what was done is not.
        assert!(process.owners(id).await.is_empty());
        assert_eq!(seen["provisioning"], serde_json::Value::Null, "{seen}");
        let told = async |tx: &mut gantry_db::ControlTx| {
            tx.one::<i64>(sql!("select count(*) from notices"), &args![]).await
        };
        assert_eq!(process.databases.control.read(told).await.unwrap(), 0);
        let actions = process.actions(id).await;
        assert!(actions.contains(&"tenancy.tenant.removed".to_owned()), "{actions:?}");
        assert!(actions.contains(&"tenancy.tenant.closed".to_owned()), "{actions:?}");
        let wanted = json!({"name": "Acme", "slug": "acme", "owner_identity": world.owner});
        let taken = process.call("operator", "POST", ALL, None, Some(wanted)).await;
        assert_eq!(taken.status, 409, "{}", taken.body);
        let actions = process.actions(id).await;
        for action in ["closed", "reopened", "removed"] {
            let action = format!("tenancy.tenant.{action}");
            assert!(actions.contains(&action), "{action} in {actions:?}");
        }
    }

    /// A copy becomes a tenant where it is not known, with its id, and once.
    async fn a_copy_is_adopted_elsewhere(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        note(&process, id, "mine").await.unwrap();
        let db = process.databases.tenants.get(id).await.unwrap();
        let (copy, _) = db.copy_to(Duration::from_mins(1), Vec::new()).await.unwrap();
        let by = gantry_tenancy::By::rescue;
        let again = std::io::Cursor::new(copy.clone());
        let refused = process.tenancy.adopt(again, None, None, world.owner, by()).await;
        assert!(matches!(refused, Err(gantry_tenancy::Error::Here(_))), "{refused:?}");

        let mut elsewhere = World::new(engine);
        // Each start has other ids; those of the first would be the same as here.
        drop(elsewhere.start().await);
        let process = elsewhere.start().await;
        let mut broken = copy.clone();
        let middle = broken.len() / 2;
        broken[middle] ^= 1;
        let refused = process
            .tenancy
            .adopt(std::io::Cursor::new(broken), None, None, elsewhere.owner, by())
            .await;
        assert!(matches!(refused, Err(gantry_tenancy::Error::Copy(_))), "{refused:?}");
        process.begin(elsewhere.owner, "Acme").await;
        let taken = process
            .tenancy
            .adopt(std::io::Cursor::new(copy.clone()), None, None, elsewhere.owner, by())
            .await;
        assert!(matches!(taken, Err(gantry_tenancy::Error::SlugTaken(_))), "{taken:?}");
        let slug = Some("acme-two".parse().unwrap());
        let adopted = process
            .tenancy
            .adopt(std::io::Cursor::new(copy), slug, None, elsewhere.owner, by())
            .await
            .unwrap();
        assert_eq!((adopted.id, adopted.slug.as_str()), (id, "acme-two"));
        assert_eq!(notes(&process, id).await, ["mine"]);
        assert_eq!(process.owners(id).await, [elsewhere.owner]);
    }

    /// The operator sees where a tenant is, how large, when it was written to, and how far all are.
    async fn the_fleet_is_seen(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        note(&process, id, "mine").await.unwrap();
        process.databases.tenants.record_activity().await.unwrap();
        let row = process.call("operator", "GET", ALL, None, None).await.body["items"][0].clone();
        let own = Home::of(&process.tenant(id).await).to_string();
        assert_eq!(row["home"], own.as_str(), "{row}");
        assert!(row["size"].as_u64().unwrap() > 4096, "{row}");
        assert!(row["written_at"].is_string(), "{row}");
        let fleet = process.call("operator", "GET", "/api/v1/admin/fleet", None, None).await.body;
        let schema = json!({
            "version": row["schema_version"], "tenants": 1, "behind": 0, "failed": 0,
        });
        assert_eq!(fleet["schema"], schema, "{fleet}");
        let here = fleet["homes"].as_array().unwrap().iter().find(|home| home["name"] == own.as_str());
        assert_eq!(here.unwrap()["tenants"], 1, "{fleet}");
        assert!(fleet["open"]["hits"].as_u64().unwrap() > 0, "{fleet}");
    }
}
