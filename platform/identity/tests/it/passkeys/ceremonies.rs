//! A question is answered once, in five minutes, where it was asked.

use futures_util::future::join_all;
use gantry_db::sql;
use gantry_testkit::{SoftPasskey, both_engines};
use serde_json::json;

use super::{LOG_IN, OF_LOG_IN, OF_STEP_UP, PAGE, STEP_UP, WHO, shows};
use crate::app::{App, Ask};

both_engines! {
    async fn a_log_in_is_answered_once_and_soon(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_to_log_in().await;
        let body = shows(&asked, &who.key.get(&asked["public_key"]));
        assert_eq!(app.send(Ask::post(LOG_IN).json(body.clone())).await.status, 201);
        let again = app.send(Ask::post(LOG_IN).json(body)).await;
        assert_eq!((again.status, again.code().as_str()), (410, "passkey_ceremony_gone"));

        let asked = app.asked_to_log_in().await;
        let other = app.asked_to_log_in().await;
        let shown = who.key.get(&asked["public_key"]);
        let mixed = app.send(Ask::post(LOG_IN).json(shows(&other, &shown))).await;
        assert_eq!(mixed.code(), "passkey_refused", "the answer to another question");
        let wrong = app.send(Ask::post(LOG_IN).json(shows(&other, &who.key.get(&other["public_key"])))).await;
        assert_eq!(wrong.code(), "passkey_ceremony_gone", "one try");
        app.pass(300);
        let late = app.send(Ask::post(LOG_IN).json(shows(&asked, &shown))).await;
        assert_eq!(late.code(), "passkey_ceremony_gone");
        for not_one in ["", "x", &"a".repeat(10_000), &who.access] {
            let body = json!({ "passkey": { "ceremony": not_one, "credential": shown } });
            assert_eq!(app.send(Ask::post(LOG_IN).json(body)).await.code(), "passkey_ceremony_gone");
        }
        app.work().await;
        app.pass(2 * 3_600);
        app.work().await;
        assert_eq!(app.count(sql!("select count(*) from passkey_ceremonies")).await, 0, "swept");
    }

    /// What was asked for one thing is no answer to another, whoever asks.
    async fn a_ceremony_is_for_one_purpose_in_one_place(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let other = app.log_in_by(&mut who.key).await.text("access_token");
        let step_up = app.send(Ask::post(OF_STEP_UP).bearer(&who.access)).await.json;
        let shown = who.key.get(&step_up["public_key"]);
        let log_in = app.send(Ask::post(LOG_IN).json(shows(&step_up, &shown))).await;
        assert_eq!(log_in.code(), "passkey_ceremony_gone", "a confirmation signs nobody in");
        let elsewhere = app.post(STEP_UP, &other, shows(&step_up, &shown)).await;
        assert_eq!((elsewhere.status, elsewhere.code().as_str()), (410, "passkey_ceremony_gone"));
        let here = app.post(STEP_UP, &who.access, shows(&step_up, &shown)).await;
        assert_eq!(here.status, 200, "another session did not use it up: {:?}", here.json);

        let asked = app.asked_to_log_in().await;
        let shown = who.key.get(&asked["public_key"]);
        let confirm = app.post(STEP_UP, &who.access, shows(&asked, &shown)).await;
        assert_eq!(confirm.code(), "passkey_ceremony_gone", "a log-in confirms nothing");
        let new = app.asked_for_new(&who.access).await;
        let mut second = SoftPasskey::new(PAGE);
        let made = second.create(&new["public_key"]);
        let elsewhere = app.register(&other, &new, made.clone()).await;
        assert_eq!((elsewhere.status, elsewhere.code().as_str()), (410, "passkey_ceremony_gone"), "begun in another session");
        assert_eq!(app.register(&who.access, &new, made).await.status, 201);
    }

    /// A challenge is completed by what was asked with it, and by a passkey of its account.
    async fn a_challenge_takes_its_own_ceremony(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let mut other = app.keyed("other@example.com", SoftPasskey::new(PAGE)).await;
        let (first, second) = (app.challenge(WHO).await, app.challenge(WHO).await);
        let asked = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": first }))).await.json;
        let theirs = other.key.get(&asked["public_key"]);
        let of_other = app.complete(shows(&asked, &theirs), &first).await;
        assert_eq!((of_other.status, of_other.code().as_str()), (401, "second_factor_wrong"));
        let asked = app.send(Ask::post(OF_LOG_IN).json(json!({ "challenge": first }))).await.json;
        let shown = who.key.get(&asked["public_key"]);
        assert_eq!(app.complete(shows(&asked, &shown), &second).await.code(), "passkey_ceremony_gone");
        let alone = app.send(Ask::post(LOG_IN).json(shows(&asked, &shown))).await;
        assert_eq!(alone.code(), "passkey_ceremony_gone");
        let begun = app.complete(shows(&asked, &shown), &first).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        let stolen = app.confirm_by(&who.access, &mut other.key).await;
        assert_eq!((stolen.status, &stolen.json["errors"][0]["code"]), (422, &json!("passkey_refused")), "nor does another's passkey confirm a session");
    }

    /// Many requests with one answer: one session. Many with one new key: one passkey.
    async fn one_answer_at_once_counts_once(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::synced(PAGE)).await;
        let asked = app.asked_to_log_in().await;
        let body = shows(&asked, &who.key.get(&asked["public_key"]));
        let answers = join_all((0..4).map(|_| app.send(Ask::post(LOG_IN).json(body.clone())))).await;
        let begun = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(begun, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 410)), "{answers:?}");

        let mut key = SoftPasskey::new(PAGE);
        let mut made = Vec::new();
        for _ in 0..3 {
            let asked = app.asked_for_new(&who.access).await;
            let new = key.create(&asked["public_key"]);
            made.push((asked, new));
        }
        let answers = made.iter().map(|(asked, new)| app.register(&who.access, asked, new.clone()));
        let answers = join_all(answers).await;
        let kept = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(kept, 1, "{answers:?}");
        assert_eq!(app.count(sql!("select count(*) from passkeys")).await, 2);
    }

    /// A counting key, used twice with one count at once: the second is a copy.
    async fn one_count_at_once_counts_once(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let mut bodies = Vec::new();
        for _ in 0..3 {
            let asked = app.asked_to_log_in().await;
            who.key.counter = Some(7);
            bodies.push(shows(&asked, &who.key.get(&asked["public_key"])));
        }
        let answers = join_all(bodies.into_iter().map(|body| app.send(Ask::post(LOG_IN).json(body)))).await;
        let begun = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(begun, 1, "{answers:?}");
    }

    /// Asked by one process, answered at another.
    async fn any_process_takes_the_answer(engine: Engine) {
        let app = App::new(engine).await;
        let beside = app.beside(&[1]);
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let asked = app.asked_to_log_in().await;
        let body = shows(&asked, &who.key.get(&asked["public_key"]));
        assert_eq!(beside.send(Ask::post(LOG_IN).json(body.clone())).await.status, 201);
        assert_eq!(app.send(Ask::post(LOG_IN).json(body)).await.code(), "passkey_ceremony_gone");
    }
}
