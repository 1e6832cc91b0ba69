//! An orderly stop in the middle of work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gantry_testkit::{Owner, ServerOptions, SmtpSim, both_engines, eventually};

use super::PATIENCE;
use crate::steps::{SAMPLE, open_branch, student, students};

const CLIENTS: u32 = 9;

both_engines! {
    /// Each request is answered, and its student is there after the next start, or it was refused at the
    /// door or told to ask elsewhere: no client is left in doubt, whether it makes a connection for each
    /// request, keeps one, or speaks HTTP/2. The import under way goes on by itself.
    async fn a_stop_under_load_loses_nothing_and_answers_what_it_took(engine: Engine) {
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

        let entered = AtomicU32::new(0);
        let crowd = (0..CLIENTS).map(async |client| {
            let caller = match client % 3 {
                0 => owner.client.clone(),
                1 => owner.client.keeping_connections(),
                _ => owner.client.over_http2(),
            };
            for number in 0.. {
                let number = number * CLIENTS + client;
                let body = student(&branch, &format!("Student {number}"), number);
                let call = caller.post(&owner.path("/spaces/students")).json(&body);
                match call.send().await {
                    Ok(answer) => answer.expect(201).done(),
                    Err(error) if is_refused(&error) => return,
                    Err(error) if is_left_to_another(&error) => continue,
                    Err(error) => panic!("client {client}: {error:?}"),
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
        assert_eq!(found, usize::try_from(entered.into_inner()).unwrap());
        let import = eventually("the end of the import", PATIENCE, async || {
            let import = importer.client.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(import) } else { Err(import.to_string()) }
        })
        .await;
        assert_eq!(import["accepted_rows"], 963);
        assert_eq!(students(&importer.client, &importer.slug).await.len(), 963);
    }
}

/// No connection was made, so nothing was sent.
fn is_refused(error: &reqwest::Error) -> bool {
    error.is_connect() && format!("{error:?}").contains("ConnectionRefused")
}

/// HTTP/2 says of a request that crossed the GOAWAY that it was not taken (RFC 9113, section 6.8).
fn is_left_to_another(error: &reqwest::Error) -> bool {
    format!("{error:?}").contains("GoAway(b\"\", NO_ERROR, Remote)")
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
