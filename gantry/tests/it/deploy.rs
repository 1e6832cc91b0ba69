//! What is shipped beside the program to run it: it names verbs and keys that exist, and gives nothing away.

use gantry::App;

const DOCKERFILE: &str = include_str!("../../../deploy/Dockerfile");
const UNIT: &str = include_str!("../../../deploy/gantry.service");

#[test]
fn the_image_runs_without_root_and_asks_whether_it_is_ready() {
    let stages = DOCKERFILE.lines().filter(|line| line.starts_with("FROM "));
    let bases: Vec<&str> = stages
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert!(bases.len() > 1, "what builds does not ship");
    for base in &bases {
        let tag = base.split_once(':').map(|(_, tag)| tag);
        assert!(
            tag.is_some_and(|tag| tag != "latest"),
            "{base} has no version"
        );
    }
    let shipped = DOCKERFILE.rsplit("\nFROM ").next().unwrap();
    let instruction = |name: &str| {
        let found = shipped.lines().rfind(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    let user = instruction("USER ").trim_start_matches("USER ");
    let (user, group) = user.split_once(':').unwrap();
    for id in [user, group] {
        assert!(
            id.parse::<u32>().unwrap() >= 10_000,
            "a number, so that a cluster can see that it is not root"
        );
    }
    assert!(instruction("HEALTHCHECK ").ends_with("CMD [\"gantry\", \"healthcheck\"]"));
    assert_eq!(instruction("ENTRYPOINT "), "ENTRYPOINT [\"gantry\"]");
    assert_eq!(instruction("CMD "), "CMD [\"serve\"]");
    assert!(!DOCKERFILE.contains("\nADD "));
    let example = App::new().unwrap().model().example();
    for line in shipped
        .lines()
        .filter(|line| line.contains("GANTRY_SERVER__"))
    {
        let name = line.split("GANTRY_SERVER__").nth(1).unwrap();
        let key = name.split('=').next().unwrap().to_lowercase();
        let known = example.lines().any(|line| {
            line.starts_with(&format!("#{key} = ")) || line.contains(&format!(": {key} = "))
        });
        assert!(known, "server.{key} is no key");
    }
}

#[test]
fn the_unit_gives_the_service_nothing_it_does_not_need() {
    let value = |name: &str| {
        let found = UNIT
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, wanted) in [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
    ] {
        assert_eq!(value(name), wanted, "{name}");
    }
    // A wrong configuration ends with 78, which no restart repairs.
    assert_eq!(value("RestartPreventExitStatus"), "78");
    let start = value("ExecStart");
    assert!(
        start.starts_with("/usr/local/bin/gantry serve --data /var/lib/gantry --config "),
        "{start}"
    );
    assert_eq!(value("StateDirectory"), "gantry");
}
