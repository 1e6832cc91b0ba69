//! The chain that makes a change of old rows show.
//!
//! # Format, version 1
//! Every database (control, each tenant) has one chain; `place` is `control` or the tenant's id.
//!
//! ```text
//! link(0) = SHA-256("gantry-audit-genesis-v1\n" place)
//! link(n) = SHA-256("gantry-audit-link-v1\n" link(n-1) n columns)
//! ```
//!
//! `n` is the sequence as 8 bytes, big-endian. `columns` are those of the row that are not NULL, by name in
//! ascending order of bytes; each is the length of the name (4 bytes, big-endian), the name, the length of the
//! value (4 bytes, big-endian), the value. A value is its text in UTF-8; a number is written in decimal. A column
//! that a later version adds is NULL in older rows, so their links stay what they are. Facts are kept as text on
//! both engines, and the text is hashed as it is kept.
//!
//! A seal is an Ed25519 signature (RFC 8032) over
//! `"gantry-audit-seal-v1\n" kind "\n" place "\n" n "\n" link in hexadecimal "\n" time in microseconds "\n"`,
//! under a key derived from a master key, whose id the seal names. Kind `head`: the chain ended at `n` then.
//! Kind `anchor`: everything up to `n` was removed for its age.
//!
//! # Order
//! The order is that of sealing, not of time: a row whose transaction took long is sealed after younger ones.
//! What waits is in `audit_unsealed`, which is filled by a trigger in the row's own transaction; so no late
//! commit is ever passed over.

mod encode;
mod export;
mod heads;
mod keys;
mod prune;
mod seal;
mod verify;
mod walk;

pub use encode::{COLUMNS, Link, SealedRow, hex};
pub use export::{Exported, Span, about, rows, seals, span, waiting};
pub use heads::{Head, forget_head, note_head, noted_head};
pub use keys::{Seal, SealKeys};
pub use prune::{PruneError, Pruned, countersign, older_keys, prune};
pub use seal::{BATCH, DELAY, head, seal, seal_due, unsealed};
pub use verify::{Expected, Fault, Report, Verifier};

use gantry_kernel::TenantId;

/// The name of a chain: `control`, or the tenant's id.
#[must_use]
pub fn place(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(|| "control".to_owned(), |tenant| tenant.to_string())
}
