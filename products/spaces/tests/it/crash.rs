//! An import cut off at any point goes on where it stopped, each row exactly once.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_db::{DbError, TenantTx, args, sql};
use gantry_notices::Telling;
use gantry_spaces::import::ImportId;
use gantry_spaces::import::run::{Step, Task};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::App;

pub(crate) fn file(rows: usize) -> String {
    let rows = (0..rows).map(|n| format!("Student {n},90000{n:05}\n"));
    format!("name,phone\n{}", rows.collect::<String>())
}

both_engines! {
    async fn a_run_dropped_between_chunks_is_resumed(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", file(1_700)).await;
        let id: ImportId = import["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/imports/{id}");
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        // Two attempts that die after one chunk each, as after a kill: only what was committed is left.
        for done in [500, 1_000] {
            let task = Arc::new(Task::load(&app.db, id, None).await.unwrap().unwrap());
            assert_eq!(task.step(&app.db, None).await.unwrap(), Step::More);
            let seen = app.get("owner", &path).await.json();
            assert_eq!((&seen["rows_done"], &seen["state"]), (&json!(done), &json!("running")));
            assert_eq!(app.all("owner", "/students").await.len(), done);
        }
        // Dropped in the middle of a chunk.
        let task = Arc::new(Task::load(&app.db, id, None).await.unwrap().unwrap());
        {
            let step = task.step(&app.db, None);
            drop(futures_util::future::select(Box::pin(step), std::future::ready(())).await);
        }
        app.work().await;
        let done = app.get("owner", &path).await.json();
        assert_eq!((&done["state"], &done["accepted_rows"]), (&json!("done"), &json!(1_700)), "{done}");
        assert_eq!((&done["rows_done"], &done["rejected_rows"]), (&json!(1_700), &json!(0)));
        let students = app.all("owner", "/students").await;
        let phones: BTreeSet<_> = students.iter().map(|s| s["phone"].as_str().unwrap()).collect();
        assert_eq!((students.len(), phones.len()), (1_700, 1_700));
        assert_eq!(app.all("owner", &format!("{path}/rows")).await.len(), 1_700);
    }

    async fn two_workers_on_one_import_enter_each_row_once(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let import = app.upload("", file(1_200)).await;
        let id: ImportId = import["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/imports/{id}");
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        let worker = async || {
            let task = Arc::new(Task::load(&app.db, id, None).await.unwrap()?);
            while task.step(&app.db, None).await.unwrap() == Step::More {}
            Some(())
        };
        futures_util::future::join(Box::pin(worker()), Box::pin(worker())).await;
        let done = app.get("owner", &path).await.json();
        assert_eq!((&done["state"], &done["accepted_rows"]), (&json!("done"), &json!(1_200)), "{done}");
        assert_eq!(app.all("owner", "/students").await.len(), 1_200);
    }

    async fn a_run_whose_process_always_dies_is_given_up_and_can_be_started_again(engine: Engine) {
        let app = App::new(engine).await;
        app.branch("A").await;
        let path = format!("/imports/{}", app.upload("", file(3)).await["id"].as_str().unwrap());
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        // As if every attempt had been killed.
        let killed = async |tx: &mut TenantTx| {
            tx.execute(sql!("update jobs set attempts = 8 where kind = 'spaces.import'"), &args![]).await
        };
        assert_eq!(app.db.write(killed).await.unwrap(), 1);
        app.work().await;
        let given_up = app.get("owner", &path).await.json();
        assert_eq!((&given_up["state"], &given_up["rows_done"]), (&json!("failed"), &json!(0)), "{given_up}");
        assert!(given_up["failure"].as_str().unwrap().contains("without a word"), "{given_up}");
        let told = async |tx: &mut TenantTx| -> Result<Vec<(String,)>, DbError> {
            tx.all(sql!("select payload from jobs where kind = $1"), &args![gantry_notices::DELIVER]).await
        };
        let told = app.db.read(told).await.unwrap();
        let telling: Telling = serde_json::from_str(&told[0].0).unwrap();
        assert_eq!((told.len(), telling.kind.as_str()), (1, "spaces.import.failed"));
        assert_eq!(telling.subjects, json!({"import": given_up["id"]}));
        assert_eq!(json!({"person": given_up["created_by"]}), json!(telling.to));
        app.ask("owner", "POST", &format!("{path}/run")).send().await.expect(202);
        app.work().await;
        let done = app.get("owner", &path).await.json();
        assert_eq!((&done["state"], &done["accepted_rows"]), (&json!("done"), &json!(3)), "{done}");
    }
}
