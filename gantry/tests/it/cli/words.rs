//! What needs no data: words that are no commands, and the configuration.

use super::gantry;

#[test]
fn what_is_no_command_ends_with_64_and_how_it_is_used() {
    for arguments in [
        &[][..],
        &["fly"],
        &["serve", "--fast"],
        &["serve", "--listen", "everywhere"],
        &["config"],
        &["config", "guess"],
        &["user", "create"],
        &["user", "create", "no-address", "--name", "Somebody"],
        &["jobs", "ls", "--tenant", "7"],
        &["mail", "test"],
        &["keys"],
        &["keys", "rotate", "--revoke"],
        &["keys", "rotate", "--now", "--revoke", "kid"],
        &["auditlog", "verify", "--tenant", "north", "--control"],
        &["auditlog", "verify", "--head", "1:00"],
        &["auditlog", "verify", "--control", "--head", "1:00"],
        &["auditlog", "export", "--format", "csv"],
        &["auditlog", "export", "--control", "--format", "xml"],
    ] {
        let said = gantry(arguments, &[]).ends(64);
        assert_eq!(said.out, "", "{arguments:?}");
        let helps = said.err.contains("Usage: gantry") || said.err.contains("try '--help'");
        assert!(helps, "{arguments:?}: {}", said.err);
    }
}

#[test]
fn help_names_every_verb_and_asking_for_it_is_no_mistake() {
    let help = gantry(&["--help"], &[]).ends(0).out;
    for verb in [
        "serve",
        "config",
        "user",
        "keys",
        "mail",
        "jobs",
        "tenant",
        "auditlog",
        "backup",
        "restore",
        "doctor",
        "healthcheck",
        "openapi",
        "schema",
    ] {
        let told = help
            .lines()
            .any(|line| line.trim_start().starts_with(&format!("{verb} ")));
        assert!(told, "{verb} is not in\n{help}");
    }
    let version = gantry(&["--version"], &[]).ends(0).out;
    assert_eq!(version, format!("gantry {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn config_check_says_what_is_not_configured_and_what_that_means() {
    let said = gantry(&["config", "check"], &[]).ends(0);
    insta::assert_snapshot!("config_check", said.out);
    let full = [
        ("GANTRY_MAIL__HOST", "mail.example.com"),
        ("GANTRY_MAIL__FROM", "gantry@example.com"),
        ("GANTRY_SERVER__PUBLIC_URL", "https://gantry.example.com"),
        ("GANTRY_DATABASE__URL", "postgres://gantry@127.0.0.1/gantry"),
        ("GANTRY_BACKUP__DIRECTORY", "/var/backups/gantry"),
        ("GANTRY_BACKUP__KEY_FILE", "/etc/gantry/backup.key"),
    ];
    let said = gantry(&["config", "check"], &full).ends(0);
    assert_eq!(said.out, "the configuration can be used\n");
}

/// Neither the password of a database nor a link in a mail crosses a network in the clear because nobody said otherwise.
#[test]
fn servers_elsewhere_without_tls_are_refused_until_that_is_said() {
    let far = [
        (
            "GANTRY_DATABASE__URL",
            "postgres://gantry:hunter2@db.example.com/gantry",
        ),
        ("GANTRY_MAIL__URL", "smtp://me:hunter2@mail.example.com"),
    ];
    let said = gantry(&["serve", "--listen", "127.0.0.1:0"], &far).ends(78);
    for words in [
        "db.example.com is another machine",
        "database.postgres.allow_plaintext",
        "mail.example.com is another machine",
        "mail.allow_plaintext",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let mut said_so = far.to_vec();
    said_so.extend([
        ("GANTRY_DATABASE__POSTGRES__ALLOW_PLAINTEXT", "true"),
        ("GANTRY_MAIL__ALLOW_PLAINTEXT", "true"),
    ]);
    gantry(&["config", "check"], &said_so).ends(0);
}

#[test]
fn a_wrong_configuration_ends_with_78_and_every_fault_at_its_place() {
    let wrong = [
        ("GANTRY_SERVER__PUBLIC_URL", "gantry.example.com"),
        ("GANTRY_SERVER__CORS_ORIGINS", "*"),
        ("GANTRY_HTTP__LIMITS__SIGN_UP", "often"),
        ("GANTRY_HTTP__IDLE_TIMEOUT", "75"),
        ("GANTRY_MAIL__HSOT", "mail.example.com"),
    ];
    for arguments in [
        &["config", "check"][..],
        &["config", "print"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let said = gantry(arguments, &wrong).ends(78);
        assert_eq!(said.out, "");
        let faults: Vec<&str> = said.err.lines().collect();
        assert_eq!(faults.len(), 1 + wrong.len(), "{}", said.err);
        for (name, _) in wrong {
            let blamed = faults.iter().any(|line| line.trim().starts_with(name));
            assert!(blamed, "{name}: {}", said.err);
        }
        assert!(
            said.err.contains("did you mean GANTRY_MAIL__HOST?"),
            "{}",
            said.err
        );
    }
    let absent = gantry(&["config", "check", "--config", "nowhere.toml"], &[]).ends(78);
    assert!(absent.err.contains("nowhere.toml"), "{}", absent.err);
    let open = gantry(&["serve", "--listen", "0.0.0.0:0"], &[]).ends(78);
    assert!(open.err.contains("--behind-proxy"), "{}", open.err);
}

#[test]
fn config_print_shows_where_each_value_comes_from_and_no_secret() {
    let env = [
        (
            "GANTRY_DATABASE__URL",
            "postgres://gantry:hunter2@localhost/gantry",
        ),
        ("GANTRY_MAIL__USERNAME", "gantry"),
        ("GANTRY_MAIL__PASSWORD", "hunter2"),
        ("GANTRY_HTTP__LIMITS__SIGN_UP", "7/1h"),
    ];
    let said = gantry(&["config", "print"], &env).ends(0);
    for line in [
        "sign_up = \"7/1h\"  # GANTRY_HTTP__LIMITS__SIGN_UP",
        "idle_timeout = \"1m15s\"  # default",
        "max_body_size = \"1MiB\"  # default",
        "url = \"postgres://gantry:***@localhost/gantry\"  # GANTRY_DATABASE__URL",
        "password = \"***\"  # GANTRY_MAIL__PASSWORD",
    ] {
        assert!(
            said.out.lines().any(|printed| printed == line),
            "{line}\n{}",
            said.out
        );
    }
    assert!(!said.out.contains("hunter2"), "{}", said.out);
}

#[test]
fn the_example_is_a_configuration_file() {
    let example = gantry(&["config", "example"], &[]).ends(0).out;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("gantry.toml");
    std::fs::write(&file, &example).unwrap();
    let check = ["config", "check", "--config", file.to_str().unwrap()];
    gantry(&check, &[]).ends(0);
    for wanted in ["#sign_up = \"5/1h\"", "#idle_timeout = \"1m15s\""] {
        assert!(example.contains(wanted), "{wanted}\n{example}");
    }
}

#[test]
fn commands_about_data_make_none() {
    for arguments in [
        &["jobs", "ls"][..],
        &["tenant", "ls"],
        &["user", "verify", "ada@example.com"],
    ] {
        let said = gantry(arguments, &[]).ends(1);
        assert!(
            said.err.contains("there is no data directory gantry-data"),
            "{}",
            said.err
        );
    }
}

#[test]
fn openapi_prints_the_document_that_lies_in_docs() {
    let said = gantry(&["openapi"], &[]).ends(0);
    assert_eq!(said.err, "");
    assert!(
        said.out == include_str!("../../../../docs/openapi.json"),
        "docs/openapi.json is not what is served; run: cargo run -q -p gantry -- openapi > docs/openapi.json"
    );
}
