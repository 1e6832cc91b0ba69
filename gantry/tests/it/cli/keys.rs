//! `gantry keys`, beside a running server: the steps of docs/operating.md, and what a compromised key asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gantry_testkit::{Client, Engine, Owner, Server, SmtpSim, both_engines};

use super::beside;

const NEW: &str = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE=";
const OLD: &str = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtISE=";

/// The ids of a state in `gantry keys ls`, such as `active`.
fn ids(server: &Server, state: &str) -> Vec<String> {
    let told = beside(server, &["keys", "ls"]).ends(0).out;
    let of_state = told
        .lines()
        .filter(|line| line.split_whitespace().nth(1) == Some(state));
    let ids = of_state.filter_map(|line| line.split_whitespace().next());
    ids.map(str::to_owned).collect()
}

async fn me(client: &Client) -> u16 {
    client.get("/api/v1/me").await.status()
}

async fn refused_within_a_second(client: &Client) {
    let revoked = Instant::now();
    loop {
        // Looked at before the call: what was asked within the second may be answered late and still as of old.
        let late = revoked.elapsed() > Duration::from_secs(1);
        if me(client).await == 401 {
            return;
        }
        assert!(!late, "still accepted");
    }
}

async fn restart(server: &mut Server, master_key: &str) {
    server.stop().await;
    server.set_env("GANTRY_MASTER_KEY", master_key);
    server.restart().await;
}

both_engines! {
    /// A new master key, step by step: nobody is signed out, a page that was open goes on, and the old key can go.
    async fn the_master_key_is_changed_as_the_operating_guide_says(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let browser = owner.browser().await;
        browser.fetch_csrf().await;
        let old = ids(&server, "seals");

        restart(&mut server, &format!("{OLD} {NEW}")).await;
        assert_eq!(ids(&server, "seals"), old, "the first step only makes the new key known");
        restart(&mut server, &format!("{NEW} {OLD}")).await;
        let new = ids(&server, "seals");
        assert_ne!(new, old);
        assert_eq!(ids(&server, "opens"), old);
        assert_eq!((me(&browser).await, me(&owner.client).await), (200, 200));
        let nothing = "/api/v1/me/sessions/01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e";
        browser.delete(nothing).await.expect(404).done();

        server.stop().await;
        server.set_env("GANTRY_MASTER_KEY", NEW);
        let early = beside(&server, &["keys", "ls"]).ends(78).err;
        assert!(early.contains(&format!("still sealed under master key {}", old[0])), "{early}");
        server.set_env("GANTRY_MASTER_KEY", format!("{NEW} {OLD}"));
        server.restart().await;

        let told = beside(&server, &["keys", "rewrap"]).ends(0).out;
        assert!(told.contains("signing_keys.sealed_private: 1 moved\n"), "{told}");
        assert!(told.contains(&format!("{} is not needed any more", old[0])), "{told}");
        let told = beside(&server, &["keys", "ls"]).ends(0).out;
        for secret in [NEW, OLD] {
            assert!(!told.contains(&secret[..8]), "{told}");
        }
        restart(&mut server, NEW).await;
        assert_eq!(ids(&server, "seals"), new);
        beside(&server, &["auditlog", "verify"]).ends(0);
        assert_eq!((me(&browser).await, me(&owner.client).await), (200, 200));
        browser.fetch_csrf().await;
        browser.delete(nothing).await.expect(404).done();
        server.stop().await;
    }

    async fn keys_are_rotated_and_revoked_at_the_console(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        let mut owner = Owner::ready(&server.client(), &mail, "north").await;
        let first = ids(&server, "active");
        let told = beside(&server, &["keys", "rotate"]).ends(0).out;
        assert!(told.contains("is published and signs from"), "{told}");
        let told = beside(&server, &["keys", "rotate"]).ends(0).out;
        assert!(told.starts_with("nothing to do"), "{told}");
        let next = ids(&server, "next");
        let told = beside(&server, &["keys", "rotate", "--now"]).ends(0).out;
        assert!(told.contains(&format!("{} signs now", next[0])), "{told}");
        assert_eq!((ids(&server, "active"), ids(&server, "retired")), (next, first.clone()));
        assert_eq!(me(&owner.client).await, 200, "the token of the retired key");
        beside(&server, &["keys", "rotate", "--revoke", &first[0]]).ends(0);
        refused_within_a_second(&owner.client).await;
        owner.log_in().await;
        assert_eq!(me(&owner.client).await, 200);
        let unknown = beside(&server, &["keys", "rotate", "--revoke", "-nobody"]).ends(1).err;
        assert!(unknown.contains("no signing key -nobody"), "{unknown}");
        server.stop().await;
    }
}

/// Two processes on one PostgreSQL: while the key changes none of the requests is refused, and a revoked key's tokens are
/// refused in both within a second.
#[test]
fn two_processes_follow_a_change_and_a_revocation() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(Engine::Postgres, &mail).await;
        let mut second = server.another().await;
        let mut owner = Owner::ready(&server.client(), &mail, "north").await;
        let token = owner.client.bearer().unwrap();
        let both = [&server, &second].map(|server| server.client().with_bearer(&token));
        let stop = Arc::new(AtomicBool::new(false));
        let (clients, stopped) = (both.clone(), Arc::clone(&stop));
        let asking = tokio::spawn(async move {
            let mut asked = 0;
            while !stopped.load(Ordering::Relaxed) {
                for client in &clients {
                    assert_eq!(me(client).await, 200);
                    asked += 1;
                }
            }
            asked
        });
        tokio::task::block_in_place(|| beside(&server, &["keys", "rotate", "--now"]).ends(0));
        stop.store(true, Ordering::Relaxed);
        assert!(asking.await.unwrap() > 20, "requests went on meanwhile");
        for client in &both {
            assert_eq!(me(client).await, 200);
        }
        owner.log_in().await;
        let fresh = owner.client.bearer().unwrap();
        let both = [&server, &second].map(|server| server.client().with_bearer(&fresh));
        for client in &both {
            assert_eq!(me(client).await, 200);
        }
        // The token may be of either key: for half a second the server may not have heard of the new one.
        for kid in [ids(&server, "active"), ids(&server, "retired")].concat() {
            beside(&server, &["keys", "rotate", "--revoke", &kid]).ends(0);
        }
        for client in &both {
            refused_within_a_second(client).await;
        }
        owner.log_in().await;
        let client = second.client().with_bearer(owner.client.bearer().unwrap());
        assert_eq!(me(&client).await, 200);
        second.stop().await;
        server.stop().await;
    });
}
