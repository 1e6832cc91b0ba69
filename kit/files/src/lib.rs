//! Files of tenants, as records refer to them.
//!
//! `platform/files` takes uploads, looks into them and keeps their bytes; a product knows a file by its id. In the transaction that makes a record
//! it [`attach`]es an upload of the same person, and [`detach`]es it when the record goes. Nobody may read a file because it is there: the product
//! that holds it checks who asks for the record, and then hands out a [`Link`], which opens that one file for some minutes without any session.

mod links;
mod model;
mod store;

pub use links::{KEY, LINK_LASTS, Link, LinkFault, Links, Opens};
pub use model::{File, FileId, FileName, Holder, Media, State, Variant};
pub use store::{AttachError, GRACE, LOOK, Look, attach, by_id, detach};

use gantry_db::{Migrations, migrations};

/// The tables of this crate.
pub const MIGRATIONS: Migrations =
    migrations! { module: "file", control: [], tenant: ["0001_files"] };
