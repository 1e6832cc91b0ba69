//! The configuration of the real modules.

use gantry::App;
use gantry_runtime::config::Sources;

#[test]
fn the_example_uncommented_is_the_defaults_of_every_module() {
    let app = App::new().unwrap();
    let text: String = app
        .model()
        .example()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("gantry.toml");
    std::fs::write(&file, &text).unwrap();
    let written = app.config(&Sources {
        file: Some(file),
        ..Sources::default()
    });
    let written = written.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let default = app.config(&Sources::default()).unwrap();
    assert_eq!(format!("{written:?}"), format!("{default:?}"));
}

/// What people read; `gantry config reference` prints it.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

#[test]
fn the_reference_is_of_this_program() {
    let written = std::fs::read_to_string(REFERENCE).unwrap_or_default();
    assert!(
        written == App::new().unwrap().model().reference(),
        "docs/configuration.md is stale; run: cargo run -q -p gantry -- config reference > docs/configuration.md"
    );
}

#[test]
fn every_key_is_documented() {
    let example = App::new().unwrap().model().example();
    let mut before = "";
    for line in example.lines() {
        let setting = line.starts_with('#') && line.contains(" = ");
        assert!(!setting || !before.is_empty(), "no words about: {line}");
        before = line;
    }
}

/// `gantry config print` and the log of a start show where the data is, and never with which password.
#[test]
fn passwords_of_servers_are_not_shown() {
    let env = [
        ("URL", "postgres://me:sesame-one@127.0.0.1/gantry"),
        ("DIRECT_URL", "postgres://me:sesame-two@127.0.0.1/gantry"),
        (
            "CLUSTERS",
            "{ north = { url = \"postgres://me:sesame-three@127.0.0.1/north\" } }",
        ),
    ];
    let env = env.map(|(name, value)| (format!("GANTRY_DATABASE__{name}"), value.to_owned()));
    let app = App::new().unwrap();
    let config = app.config(&Sources {
        env: env.into(),
        ..Sources::default()
    });
    let config = config.unwrap();
    let printed = config.print();
    assert!(printed.contains("me:***@127.0.0.1/gantry"), "{printed}");
    assert!(printed.contains("clusters = \"***\""), "{printed}");
    let shown = format!("{printed}{config:?}");
    assert!(!shown.contains("sesame"), "{shown}");
}
