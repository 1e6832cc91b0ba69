//! The one list of modules.

use gantry_identity::Handle;
use gantry_runtime::Module;

/// Every module of this binary, in the order in which they are migrated and built, and the handle by
/// which rescue commands reach identity.
pub(crate) fn modules() -> (Vec<Module>, Handle) {
    let (identity, handle) = gantry_identity::module_with_handle();
    let modules = vec![
        identity,
        Module::platform(gantry_tenancy::module()),
        Module::platform(gantry_notify::module()),
        Module::platform(gantry_backup::module()),
        Module::product(gantry_spaces::Spaces),
    ];
    (modules, handle)
}
