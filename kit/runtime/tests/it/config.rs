//! Configuration: who wins, what is refused and with which words, what is shown.

use std::path::PathBuf;

use gantry_kernel::{ByteSize, Period, Secret};
use gantry_runtime::config::{
    Config, ConfigError, ConfigSection, Flag, Model, Origin, Remark, Sources,
};
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Pace {
    /// Not very.
    #[default]
    Slow,
    Fast,
}

/// The top of the file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Top {
    /// Seals everything.
    master_key: Option<Secret<String>>,
}

/// How mail leaves.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Mail {
    /// Name of the server.
    host: Option<String>,
    /// Port of the server.
    port: u16,
    /// Password of the account.
    password: Secret<String>,
    /// How long to wait.
    timeout: Period,
    /// Largest message.
    max_size: ByteSize,
    /// Pace of sending.
    pace: Pace,
    /// Who else gets a copy.
    copies: Vec<String>,
    /// Retrying.
    retry: Retry,
}

/// When to try again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Retry {
    /// First pause.
    after: Period,
    /// Whether at all.
    enabled: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            after: Period::minutes(1),
            enabled: true,
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            password: Secret::default(),
            timeout: Period::seconds(30),
            max_size: ByteSize::mib(10),
            pace: Pace::Slow,
            copies: Vec::new(),
            retry: Retry::default(),
        }
    }
}

fn model() -> Model {
    let mail = ConfigSection::reviewed::<Mail>("mail", |mail| {
        let mut remarks = Vec::new();
        if mail.host.is_none() {
            remarks.push(Remark::Missing {
                what: "smtp",
                meaning: "mail is held".into(),
            });
        }
        if mail.port == 25 && mail.pace == Pace::Fast {
            remarks.push(Remark::Refused {
                key: "port",
                why: "too fast for port 25".into(),
            });
        }
        remarks
    });
    Model::new(vec![ConfigSection::of::<Top>(""), mail]).unwrap()
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    let env = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Sources {
        env,
        ..Sources::default()
    }
}

fn file(directory: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = directory.path().join("gantry.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn mail(config: &Config) -> std::sync::Arc<Mail> {
    config.section("mail").unwrap()
}

fn faults(sources: &Sources) -> Vec<String> {
    match model().load(sources) {
        Err(ConfigError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("expected faults, got {other:?}"),
    }
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[mail]\nhost = 'file'\nport = 1\ntimeout = '1s'\n[mail.retry]\nafter = '2h'\n";
    let mut sources = env(&[
        ("GANTRY_MAIL__PORT", "2"),
        ("GANTRY_MAIL__TIMEOUT", "2s"),
        ("HOME", "/"),
    ]);
    sources.file = Some(file(&directory, text));
    sources.flags.push(Flag {
        name: "--timeout",
        key: "mail.timeout",
        value: "3s".into(),
    });
    let config = model().load(&sources).unwrap();
    let mail = mail(&config);
    assert_eq!(mail.host.as_deref(), Some("file"));
    assert_eq!((mail.port, mail.timeout), (2, Period::seconds(3)));
    assert_eq!(
        (mail.retry.after, mail.retry.enabled),
        (Period::hours(2), true)
    );
    assert_eq!(mail.max_size, ByteSize::mib(10));
    assert_eq!(config.origin("mail.timeout"), Origin::Flag("--timeout"));
    assert_eq!(
        config.origin("mail.host"),
        Origin::File(sources.file.unwrap(), 2)
    );
    assert_eq!(config.origin("mail.max_size"), Origin::Default);
}

#[test]
fn every_shape_can_come_from_the_environment() {
    let config = model()
        .load(&env(&[
            ("GANTRY_MASTER_KEY", "k"),
            ("GANTRY_MAIL__HOST", "587"),
            ("GANTRY_MAIL__PACE", "fast"),
            ("GANTRY_MAIL__MAX_SIZE", "1048576"),
            ("GANTRY_MAIL__COPIES", "a@example.com, b@example.com"),
            ("GANTRY_MAIL__RETRY__ENABLED", "false"),
        ]))
        .unwrap();
    let mail = mail(&config);
    assert_eq!(
        mail.host.as_deref(),
        Some("587"),
        "a text of digits stays a text"
    );
    assert_eq!(mail.pace, Pace::Fast);
    assert_eq!(mail.max_size, ByteSize::mib(1));
    assert_eq!(mail.copies, ["a@example.com", "b@example.com"]);
    assert!(!mail.retry.enabled);
    let top = config.section::<Top>("").unwrap();
    assert_eq!(
        top.master_key.as_ref().map(|key| key.expose().as_str()),
        Some("k")
    );
}

#[test]
fn unknown_keys_are_refused_with_the_place_and_the_nearest_key() {
    let directory = tempfile::tempdir().unwrap();
    let mut sources = env(&[("GANTRY_MAIL__TIMOUT", "1s"), ("GANTRY_COLOUR", "blue")]);
    sources.file = Some(file(
        &directory,
        "[mail]\nport = 1\nhots = 'x'\n\n[mial]\nhost = 'y'\n",
    ));
    let path = sources.file.clone().unwrap();
    let path = path.display();
    assert_eq!(
        faults(&sources),
        [
            format!("{path} line 3: unknown key mail.hots; did you mean mail.host?"),
            format!("{path} line 5: unknown key mial"),
            "GANTRY_COLOUR: unknown key colour".to_owned(),
            "GANTRY_MAIL__TIMOUT: unknown key mail.timout; did you mean GANTRY_MAIL__TIMEOUT?"
                .to_owned(),
        ]
    );
}

#[test]
fn what_a_cluster_and_the_tests_put_into_the_environment_is_left_alone() {
    let sources = env(&[
        ("GANTRY_SERVICE_HOST", "10.0.0.1"),
        ("GANTRY_SERVICE_PORT_HTTP", "8080"),
        ("GANTRY_PORT", "tcp://10.0.0.1:8080"),
        ("GANTRY_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("GANTRY_TEST_POSTGRES_URL", "postgres://x"),
        ("GANTRY_DATA", "/data"),
    ]);
    assert!(model().load(&sources).is_ok());
}

#[test]
fn a_wrong_value_is_blamed_on_the_place_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut sources = env(&[
        ("GANTRY_MAIL__PORT", "many"),
        ("GANTRY_MAIL__PACE", "medium"),
    ]);
    sources.file = Some(file(&directory, "[mail]\ntimeout = 30\ncopies = 'one'\n"));
    let found = faults(&sources);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|fault| fault == "GANTRY_MAIL__PORT: mail.port must be a whole number")
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("GANTRY_MAIL__PACE: mail.pace must be one of "))
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("line 2: mail.timeout: ") && fault.contains("30s"))
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("line 3: mail.copies: "))
    );
}

#[test]
fn rules_over_several_keys_refuse_and_remark() {
    let refused = faults(&env(&[
        ("GANTRY_MAIL__PORT", "25"),
        ("GANTRY_MAIL__PACE", "fast"),
    ]));
    assert_eq!(
        refused,
        ["GANTRY_MAIL__PORT: mail.port: too fast for port 25"]
    );
    let config = model().load(&Sources::default()).unwrap();
    assert_eq!(config.missing(), [("smtp", "mail is held".to_owned())]);
}

#[test]
fn a_secret_can_live_in_a_file_of_its_own_and_never_shows() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("password");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let sources = env(&[
        ("GANTRY_MAIL__PASSWORD_FILE", secret.to_str().unwrap()),
        ("GANTRY_MASTER_KEY", "hunter3"),
    ]);
    let config = model().load(&sources).unwrap();
    assert_eq!(mail(&config).password.expose(), "hunter2");
    let shown = format!("{}{config:?}", config.print());
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains(&format!(
        "password = \"***\"  # {}, named by GANTRY_MAIL__PASSWORD_FILE",
        secret.display()
    )));
}

#[test]
fn a_secret_given_twice_in_one_place_or_in_a_missing_file_is_refused() {
    let both = faults(&env(&[
        ("GANTRY_MASTER_KEY", "a"),
        ("GANTRY_MASTER_KEY_FILE", "/dev/null"),
    ]));
    assert_eq!(
        both,
        ["GANTRY_MASTER_KEY: give either master_key or master_key_file, not both"]
    );
    let absent = faults(&env(&[("GANTRY_MASTER_KEY_FILE", "/nonexistent/key")]));
    assert!(
        absent[0]
            .starts_with("GANTRY_MASTER_KEY_FILE: master_key_file: cannot read /nonexistent/key: ")
    );
}

#[test]
fn a_secret_of_a_wrong_kind_is_not_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let sources = Sources {
        file: Some(file(&directory, "[mail]\npassword = ['hunter2']\n")),
        ..Sources::default()
    };
    let found = faults(&sources);
    assert!(
        found[0].ends_with("line 2: mail.password: not a usable value"),
        "{found:?}"
    );
}

#[test]
fn broken_or_absent_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let broken = Sources {
        file: Some(file(&directory, "[mail\n")),
        ..Sources::default()
    };
    assert!(matches!(
        model().load(&broken),
        Err(ConfigError::Syntax { .. })
    ));
    let absent = Sources {
        file: Some(directory.path().join("nothing.toml")),
        ..Sources::default()
    };
    assert!(
        model()
            .load(&absent)
            .unwrap_err()
            .to_string()
            .contains("nothing.toml")
    );
}

#[test]
fn one_section_name_belongs_to_one_module() {
    let doubled = Model::new(vec![
        ConfigSection::of::<Mail>("mail"),
        ConfigSection::of::<Top>("mail"),
    ]);
    assert!(matches!(
        doubled,
        Err(ConfigError::DuplicateSection("mail"))
    ));
}

#[test]
fn print_shows_the_source_of_every_value() {
    let config = model().load(&env(&[("GANTRY_MAIL__PORT", "25")])).unwrap();
    assert_eq!(
        config.print(),
        "# master_key is not set\n\n[mail]\n# host is not set\nport = 25  # GANTRY_MAIL__PORT\n# password is not set\n\
         timeout = \"30s\"  # default\nmax_size = \"10MiB\"  # default\npace = \"slow\"  # default\ncopies = []  # default\n\
         \n[mail.retry]\nafter = \"1m\"  # default\nenabled = true  # default\n"
    );
}

#[test]
fn the_example_uncommented_is_the_defaults() {
    let example = model().example();
    let settings: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let directory = tempfile::tempdir().unwrap();
    let sources = Sources {
        file: Some(file(&directory, &settings)),
        ..Sources::default()
    };
    let written = model().load(&sources).unwrap();
    let default = model().load(&Sources::default()).unwrap();
    assert_eq!(format!("{written:?}"), format!("{default:?}"));
    assert!(
        matches!(written.origin("mail.retry.after"), Origin::File(..)),
        "{settings}"
    );
    for doc in [
        "# Name of the server.",
        "#port = 587",
        "# One of: ",
        "[mail.retry]",
    ] {
        assert!(example.contains(doc), "{doc} is not in\n{example}");
    }
}

proptest! {
    #[test]
    fn no_environment_makes_the_reader_panic(pairs in prop::collection::vec((".{0,20}", ".{0,20}"), 0..4)) {
        let env = pairs.into_iter().map(|(name, value)| (format!("GANTRY_{name}"), value)).collect();
        drop(model().load(&Sources { env, ..Sources::default() }));
    }

    #[test]
    fn a_period_in_any_unit_reaches_the_section(millis: u32) {
        let period = Period::millis(millis.into());
        let config = model().load(&env(&[("GANTRY_MAIL__TIMEOUT", &period.to_string())])).unwrap();
        prop_assert_eq!(mail(&config).timeout, period);
    }
}
