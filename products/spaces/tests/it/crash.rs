//! An import cut off at any point goes on where it stopped, each row exactly once.

use std::collections::BTreeSet;
use std::sync::Arc;

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
}
