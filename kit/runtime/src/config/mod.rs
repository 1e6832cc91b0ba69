//! Configuration: one typed struct per section, filled from defaults, a TOML file, the environment
//! and flags, the later winning.
//!
//! - File: `--config FILE`, else `GANTRY_CONFIG`, else `gantry.toml` in the data directory if it is there.
//! - Environment: `GANTRY_<SECTION>__<KEY>`, two underscores between levels because keys contain
//!   single ones: `GANTRY_SERVER__PUBLIC_URL` is `public_url` in `[server]`. Lists are comma
//!   separated or a TOML array.
//! - Secrets: any key whose type is a secret may be given as `<key>_file`, a path whose content is
//!   the secret, in the file and in the environment alike.
//!
//! What is known comes from the types' JSON schemas, so a misspelt key is refused with the place it
//! was written and the nearest key there is, and the documented example is the types' own comments.

mod error;
mod example;
mod keys;
mod layers;
mod load;
mod print;
mod reference;
mod section;
mod suggest;

pub use error::{ConfigError, Fault};
pub use layers::{Flag, Origin, Sources};
pub use load::{Config, Model};
pub use print::Shown;
pub use section::{ConfigSection, Remark, Settings};
