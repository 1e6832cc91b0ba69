//! An orderly stop in the middle of work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gantry_testkit::{Owner, ServerOptions, SmtpSim, both_engines, eventually};

use super::PATIENCE;
use crate::steps::{SAMPLE, open_branch, student, students};

const CLIENTS: u32 = 8;

both_engines! {
    /// Each request was either answered, and then its student is there after the next start, or it was
    /// not: a connection that was taken as the stop began may be closed before its request is read. The
    /// import under way goes on by itself.
    async fn a_stop_under_load_loses_nothing_it_acknowledged(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = ServerOptions::new(engine)
            .mail(&mail)
            .env("GANTRY_HTTP__LIMITS__OFF", "true")
            .start()
            .await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let branch = open_branch(&owner, "MAIN").await;
        let importer = Owner::ready(&server.client(), &mail, "south").await;
        let import = begin_import(&importer).await;

        let (entered, turned_away) = (AtomicU32::new(0), AtomicU32::new(0));
        let crowd = (0..CLIENTS).map(async |client| {
            for number in 0.. {
                let number = number * CLIENTS + client;
                let body = student(&branch, &format!("Student {number}"), number);
                let call = owner.client.post(&owner.path("/spaces/students")).json(&body);
                match call.send().await {
                    Ok(answer) => answer.expect(201).done(),
                    Err(error) => {
                        assert!(is_refused(&error), "not a connection's end: {error:?}");
                        turned_away.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                }
                entered.fetch_add(1, Ordering::SeqCst);
            }
        });
        let stop = async {
            eventually("some load", Duration::from_secs(20), async || {
                let count = entered.load(Ordering::SeqCst);
                if count > 40 { Ok(()) } else { Err(count) }
            })
            .await;
            server.stop().await;
        };
        tokio::join!(futures_util::future::join_all(crowd), stop);

        server.restart().await;
        let found = students(&owner.client, &owner.slug).await.len();
        let found = u32::try_from(found).unwrap();
        let (entered, turned_away) = (entered.into_inner(), turned_away.into_inner());
        assert!((entered..=entered + turned_away).contains(&found), "{found} of {entered}");
        let import = eventually("the end of the import", PATIENCE, async || {
            let import = importer.client.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(import) } else { Err(import.to_string()) }
        })
        .await;
        assert_eq!(import["accepted_rows"], 963);
        assert_eq!(students(&importer.client, &importer.slug).await.len(), 963);
    }
}

/// Not answered: nobody listened, or the connection ended before a word of reply.
fn is_refused(error: &reqwest::Error) -> bool {
    const ENDS: [&str; 4] = [
        "ConnectionReset",
        "BrokenPipe",
        "IncompleteMessage",
        "ChannelClosed",
    ];
    let text = format!("{error:?}");
    error.is_connect() || ENDS.iter().any(|end| text.contains(end))
}

async fn begin_import(owner: &Owner) -> String {
    let branch = open_branch(owner, "MAIN").await;
    let upload = owner.path(&format!(
        "/spaces/imports?default_branch={branch}&file_name=s.csv"
    ));
    let call = owner.client.post(&upload).body("text/csv", SAMPLE);
    let id = call.await.expect(201).text_at("/id");
    let path = owner.path(&format!("/spaces/imports/{id}"));
    owner
        .client
        .post(&format!("{path}/run"))
        .await
        .expect(202)
        .done();
    path
}
