//! Every statement of the module is valid on both engines.

use gantry_testkit::both_engines;

use crate::app::App;

both_engines! {
    async fn every_statement_can_be_prepared(engine: Engine) {
        let app = App::new(engine).await;
        let mine: Vec<_> = gantry_db::statements()
            .filter(|sql| sql.statement().file().contains("products/spaces/"))
            .collect();
        assert!(mine.len() > 30, "{} statements", mine.len());
        for sql in mine {
            let place = format!("{}:{}", sql.statement().file(), sql.statement().line());
            let prepared = app.db.read(async move |tx| tx.prepare(sql).await).await;
            assert!(prepared.is_ok(), "{place}: {prepared:?}");
        }
    }
}
