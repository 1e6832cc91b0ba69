//! What operators may be allowed.

use gantry_kernel::Permission;
use gantry_runtime::PermissionDecl;

/// See which mails were asked for and what became of them.
pub(crate) const MAIL_READ: Permission = Permission::new("notify.mail.read");
/// Try a mail again.
pub(crate) const MAIL_RETRY: Permission = Permission::new("notify.mail.retry");
/// See dead jobs.
pub(crate) const JOB_READ: Permission = Permission::new("notify.job.read");
/// Replay a dead job.
pub(crate) const JOB_REPLAY: Permission = Permission::new("notify.job.replay");

pub(crate) fn declared() -> Vec<PermissionDecl> {
    [
        (MAIL_READ, "See mails and what became of them"),
        (MAIL_RETRY, "Try a mail again"),
        (JOB_READ, "See dead jobs"),
        (JOB_REPLAY, "Replay a dead job"),
    ]
    .map(|(permission, title)| PermissionDecl {
        permission,
        title,
        scopes: &[],
    })
    .to_vec()
}
