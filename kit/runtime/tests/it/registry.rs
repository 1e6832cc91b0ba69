//! What refuses a start before anything is served, each by name.

use gantry_kernel::{Kernel, ManualClock};
use gantry_runtime::config::Sources;
use gantry_runtime::{
    BuildError, Manifest, Module, Parts, Process, Registry, RegistryError, StartError,
};

use crate::sample::{Gate, gated, module};

async fn refusal(modules: Vec<Module>) -> RegistryError {
    let parent = tempfile::tempdir().unwrap();
    let registry = match Registry::new(modules) {
        Ok(registry) => registry,
        Err(error) => return error,
    };
    let config = registry.model().load(&Sources::default()).unwrap();
    let kernel = Kernel::manual(&ManualClock::default(), 1);
    let bound = "127.0.0.1:8080".parse().unwrap();
    match Process::assemble(registry, config, &parent.path().join("data"), kernel, bound).await {
        Err(StartError::Registry(error)) => error,
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_fails_or_panics_is_named() {
    let fails = module(Manifest::new("fails"), |_| {
        Err(BuildError::other("no luck"))
    });
    assert_eq!(
        refusal(vec![fails]).await.to_string(),
        "module fails cannot be built: no luck"
    );
    let panics = module(Manifest::new("panics"), |_| panic!("oh no"));
    let refused = refusal(vec![panics]).await.to_string();
    assert_eq!(refused, "module panics panicked while it was built: oh no");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_need_that_nobody_fills_is_named() {
    let mut manifest = Manifest::new("needy");
    manifest.needs = &[gantry_contracts::WORKSPACES];
    let needy = module(manifest.clone(), |_| Ok(Parts::default()));
    assert_eq!(
        refusal(vec![needy]).await.to_string(),
        "module needy needs the contract \"workspaces\", which no module of this process provides"
    );
    manifest.needs = &["worksapces"];
    let needy = module(manifest, |_| Ok(Parts::default()));
    assert!(matches!(
        refusal(vec![needy]).await,
        RegistryError::NoSuchContract { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_module_recognises_credentials() {
    let silent = module(Manifest::new("silent"), |_| Ok(Parts::default()));
    assert!(matches!(
        refusal(vec![silent]).await,
        RegistryError::Authority(0)
    ));
    let twins = || module(Manifest::new("sample"), |_| Ok(Parts::default()));
    assert!(matches!(
        refusal(vec![twins(), gated(&Gate::new())]).await,
        RegistryError::DuplicateModule("sample")
    ));
}
