//! Identity as a module of a process.

use gantry_runtime::Registry;
use gantry_runtime::config::{ConfigError, Sources};
use gantry_testkit::both_engines;

use crate::app::App;

#[test]
fn what_the_module_declares_fits_together() {
    let registry = Registry::new(vec![gantry_identity::module()]).unwrap();
    let names: Vec<_> = registry
        .catalogue()
        .tenant_permissions()
        .map(|declared| declared.permission.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "identity.audit.read",
            "identity.member.manage",
            "identity.member.read",
            "identity.ownership.transfer",
            "identity.role.manage",
            "identity.service.manage",
            "identity.service.read",
        ]
    );
}

/// What `gantry config check` says about settings that are not safe to run with.
#[test]
fn unsafe_settings_are_refused() {
    let registry = Registry::new(vec![gantry_identity::module()]).unwrap();
    let faults = |pairs: &[(&str, &str)]| {
        let env = pairs
            .iter()
            .map(|(key, value)| (format!("GANTRY_IDENTITY__{key}"), (*value).to_owned()))
            .collect();
        let sources = Sources {
            env,
            ..Sources::default()
        };
        match registry.model().load(&sources) {
            Ok(_) => Vec::new(),
            Err(ConfigError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
            Err(other) => panic!("{other}"),
        }
    };
    for (key, value) in [
        ("REFRESH_GRACE", "61s"),
        ("SIGNING_KEY_ROTATION", "366d"),
        ("SIGNING_KEY_LEAD", "59m"),
        ("SIGNING_KEY_LEAD", "31d"),
        ("ACCESS_TOKEN", "59s"),
        ("ACCESS_TOKEN", "61m"),
        ("REFRESH_TOKEN", "31d"),
        ("SESSION_IDLE", "0s"),
        ("SESSION_ABSOLUTE", "366d"),
        ("API_KEY_LONGEST", "23h"),
        ("API_KEY_LONGEST", "731d"),
        ("VERIFY_LINK", "8d"),
        ("RESET_LINK", "25h"),
        ("INVITATION", "31d"),
        ("SET_UP_LINK", "8d"),
        ("MAIL_COOL_DOWN", "2d"),
        ("HASH_MEMORY_KIB", "19455"),
        ("HASH_MEMORY_KIB", "262145"),
        ("HASH_PASSES", "0"),
        ("HASH_PASSES", "1"),
        ("HASH_PASSES", "21"),
        ("HASH_QUEUE", "0"),
    ] {
        let found = faults(&[(key, value)]);
        assert!(!found.is_empty(), "{key} = {value}");
        assert!(
            found.iter().all(
                |fault| fault.contains("identity.hash_") || fault.contains(&key.to_lowercase())
            ),
            "{found:?}"
        );
    }
    let none: [String; 0] = [];
    assert_eq!(faults(&[]), none);
    assert_eq!(
        faults(&[("HASH_MEMORY_KIB", "7168"), ("HASH_PASSES", "5")]),
        none
    );
    assert_eq!(
        faults(&[("HASH_MEMORY_KIB", "47104"), ("HASH_PASSES", "1")]),
        none
    );
    assert_eq!(
        faults(&[("ACCESS_TOKEN", "1h"), ("REFRESH_GRACE", "0s")]),
        none
    );
    let rotation =
        |days, lead| faults(&[("SIGNING_KEY_ROTATION", days), ("SIGNING_KEY_LEAD", lead)]);
    assert_eq!(rotation("1d", "12h"), none);
    assert_eq!(rotation("23h", "1h").len(), 1);
    assert_eq!(rotation("1d", "13h").len(), 1);
}

both_engines! {
    /// Every statement of the module is valid here.
    async fn every_statement_can_be_prepared(engine: Engine) {
        let app = App::new(engine).await;
        let own: Vec<_> = gantry_db::statements()
            .filter(|sql| sql.statement().file().contains("platform/identity/src"))
            .collect();
        assert!(own.len() > 50, "{} statements", own.len());
        for sql in own {
            let place = format!("{}:{}", sql.statement().file(), sql.statement().line());
            let prepared = app.control.read(async move |tx| tx.prepare(sql).await).await;
            assert!(prepared.is_ok(), "{place}: {prepared:?}");
        }
    }

    /// What is stored gives nobody a session: no token, no password, no address in the audit log.
    async fn nothing_secret_is_stored(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (access, refresh) = app.tokens("owner@example.com").await;
        let rows: Vec<(String,)> = app
            .control
            .read(async |tx| {
                tx.all(
                    gantry_db::sql!(
                        "select coalesce(facts_before, '') || coalesce(facts_after, '')
                                || coalesce(target_id, '') from audit
                         union all select params from outbox
                         union all select payload from jobs"
                    ),
                    &[],
                )
                .await
            })
            .await
            .unwrap();
        assert!(rows.len() > 3);
        for (text,) in rows {
            for secret in ["owner@example.com", "brass lamps", access.as_str(), refresh.as_str()] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}
