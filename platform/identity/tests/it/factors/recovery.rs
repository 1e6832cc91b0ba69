//! Recovery codes.

use futures_util::future::join_all;
use gantry_testkit::both_engines;
use serde_json::json;

use super::{Guarded, WHO};
use crate::app::{App, Ask};

async fn use_code(app: &App, code: &str) -> u16 {
    let challenge = app.challenge(WHO).await;
    let proof = json!({ "recovery_code": code });
    app.complete(proof, &challenge).await.status
}

async fn replace(app: &App, who: &Guarded) -> Vec<String> {
    let ask = Ask::post("/api/v1/me/recovery-codes").bearer(&who.access);
    let made = app.send(ask).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    serde_json::from_value(made.json["recovery_codes"].clone()).unwrap()
}

both_engines! {
    async fn each_code_is_good_once_however_it_is_typed(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let mut distinct = who.codes.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 10);
        assert_eq!(use_code(&app, &who.codes[0]).await, 201);
        assert_eq!(use_code(&app, &who.codes[0]).await, 401, "used");
        app.pass(1);
        assert_eq!(use_code(&app, &who.codes[1].to_uppercase().replace('-', " ")).await, 201);
        assert_eq!(app.factors(&who.access).await["recovery_codes_left"], 8);
        assert_eq!(app.audited("identity.recovery_code.used").await, 2);
        let mails = app.mails(WHO, "identity.recovery_code_used").await;
        let left: Vec<_> = mails.iter().flatten().map(|vars| vars["left"].clone()).collect();
        assert_eq!(left, [json!(8), json!(9)]);
    }

    async fn one_code_at_once_is_one_session(engine: Engine) {
        let app = App::with(engine, |config| config.log_in_per_account = "100/15m".parse().unwrap()).await;
        let who = app.guarded_owner().await;
        let statuses = join_all((0..4).map(|_| use_code(&app, &who.codes[0]))).await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    }

    async fn a_new_set_ends_the_old_one(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let fresh = replace(&app, &who).await;
        assert_eq!(fresh.len(), 10);
        assert_eq!(use_code(&app, &who.codes[0]).await, 401);
        assert_eq!(use_code(&app, &fresh[0]).await, 201);
        assert_eq!(app.audited("identity.recovery_codes.replaced").await, 1);
    }

    /// Two at once leave one set, whole.
    async fn two_new_sets_at_once_leave_one(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let sets = join_all((0..3).map(|_| replace(&app, &who))).await;
        assert_eq!(app.factors(&who.access).await["recovery_codes_left"], 10);
        let mut good = 0;
        for set in &sets {
            good += usize::from(use_code(&app, &set[0]).await == 201);
        }
        assert_eq!(good, 1);
    }

    async fn without_a_second_factor_there_are_none(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        let answer = app.send(Ask::post("/api/v1/me/recovery-codes").bearer(&access)).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "no_second_factor"));
    }
}
