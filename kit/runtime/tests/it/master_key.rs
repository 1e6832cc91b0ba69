//! The master key: made once, found again, and refused when it is not the one.

use std::path::Path;

use gantry_kernel::{Kernel, ManualClock};
use gantry_runtime::config::Sources;
use gantry_runtime::{MasterKeyError, Registry, StartError, Stores, master_key};

use crate::sample::{Gate, gated};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

async fn open_seeded(data: &Path, key: Option<&str>, seed: u64) -> Result<Stores, StartError> {
    let registry = Registry::new(vec![gated(&Gate::new())]).unwrap();
    let env = key
        .map(|key| ("GANTRY_MASTER_KEY".to_owned(), key.to_owned()))
        .into_iter()
        .collect();
    let config = registry
        .model()
        .load(&Sources {
            env,
            ..Sources::default()
        })
        .unwrap();
    let kernel = Kernel::manual(&ManualClock::default(), seed);
    Stores::open(&config, registry.migrations(), data, &kernel).await
}

async fn open(data: &Path, key: Option<&str>) -> Result<Stores, StartError> {
    open_seeded(data, key, 1).await
}

fn refusal(opened: Result<Stores, StartError>) -> MasterKeyError {
    match opened {
        Err(StartError::MasterKey(error)) => error,
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_makes_a_key_beside_the_data_and_the_next_one_finds_it() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let first = open(&data, None).await.unwrap();
    let sealed = first
        .keyring
        .seal(&gantry_kernel::SystemEntropy, "p", b"x")
        .unwrap();
    let path = master_key::path_of(&data);
    assert_eq!(path, parent.path().join("data.master-key"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let warning =
        std::fs::read_to_string(parent.path().join("data.master-key.README.txt")).unwrap();
    assert!(warning.contains("Never put it into a backup"));
    let second = open_seeded(&data, None, 2).await.unwrap();
    assert_eq!(second.keyring.open("p", &sealed).unwrap().expose(), b"x");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_interrupted_start_left_is_not_written_into() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let left = parent.path().join("data.master-key.new");
    std::fs::write(&left, "half a key").unwrap();
    std::fs::set_permissions(&left, std::fs::Permissions::from_mode(0o666)).unwrap();
    let mut reader = std::fs::File::open(&left).unwrap();
    drop(open(&data, None).await.unwrap());
    let made = std::fs::metadata(master_key::path_of(&data)).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut reader, &mut seen).unwrap();
    assert_eq!(seen, "half a key", "whoever had it open sees no key");
    assert!(!left.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_without_its_key_is_refused_and_no_new_key_is_made() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    drop(open(&data, None).await.unwrap());
    let path = master_key::path_of(&data);
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(
        matches!(refusal(open(&data, None).await), MasterKeyError::Missing { path: at, .. } if at == path)
    );
    assert!(!path.exists());
    std::fs::write(&path, key).unwrap();
    assert!(
        open(&data, None).await.is_ok(),
        "putting the key back is all it takes"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_is_refused_wherever_it_comes_from() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    drop(open(&data, Some(KEY)).await.unwrap());
    assert!(
        !master_key::path_of(&data).exists(),
        "a key that was given is not written down"
    );
    assert!(open(&data, Some(KEY)).await.is_ok());
    let other = format!("/{}", &KEY[1..]);
    assert!(matches!(
        refusal(open(&data, Some(&other)).await),
        MasterKeyError::Wrong { .. }
    ));
    assert!(
        open(&data, Some(KEY)).await.is_ok(),
        "what is refused is not enrolled: the right key alone is still enough"
    );
    std::fs::write(master_key::path_of(&data), &other).unwrap();
    assert!(matches!(
        refusal(open(&data, None).await),
        MasterKeyError::Wrong { .. }
    ));
    let both = format!("{other} {KEY}");
    assert!(
        open(&data, Some(&both)).await.is_ok(),
        "a new key before the old one"
    );
    let refused = refusal(open(&data, Some(&other)).await);
    let MasterKeyError::Incomplete { missing, .. } = &refused else {
        panic!("another refusal: {refused}");
    };
    assert_eq!(missing.len(), 1);
    assert!(
        refused
            .to_string()
            .contains(&format!("under master key {}", missing[0]))
    );
    assert!(open(&data, Some(&both)).await.is_ok());
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains(&KEY[..12]) && !shown.contains(&other[..12]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_key_is_refused_without_being_quoted() {
    let parent = tempfile::tempdir().unwrap();
    for text in ["hunter2", "aHVudGVyMg==", "", &format!("{KEY} hunter2")] {
        let refused = refusal(open(&parent.path().join("data"), Some(text)).await);
        assert!(
            matches!(refused, MasterKeyError::NotAKey(_)),
            "{text}: {refused}"
        );
        assert!(!refused.to_string().contains("hunter2"));
    }
}
