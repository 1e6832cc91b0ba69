//! The one list of modules.

use gantry_runtime::Module;

use crate::smoke::Rehearsed;

/// By what commands reach modules once the process is put together.
pub(crate) struct Handles {
    pub(crate) identity: gantry_identity::Handle,
    pub(crate) tenancy: gantry_tenancy::Handle,
}

/// Every module of this binary, in the order in which they are migrated and built.
pub(crate) fn modules() -> (Vec<Module>, Handles) {
    let (identity, identity_handle) = gantry_identity::module_with_handle();
    let (tenancy, tenancy_handle) = gantry_tenancy::module_with_handle();
    let modules = vec![
        identity,
        tenancy,
        Module::platform(gantry_notify::module()),
        Module::platform(gantry_platform_files::module()),
        Module::platform(gantry_backup::module_with(Rehearsed::smoke)),
        Module::platform(gantry_platform_telemetry::module()),
        Module::product(gantry_spaces::Spaces),
    ];
    let handles = Handles {
        identity: identity_handle,
        tenancy: tenancy_handle,
    };
    (modules, handles)
}
