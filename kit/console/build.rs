//! Puts what lies in `console/dist` into the crate. Building the console is a chore of `cargo xtask`, not of cargo:
//! a machine without Node builds a binary without it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = own.join("../../console/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let code = match fs::read_to_string(dist.join("files.tsv")) {
        Ok(list) => table(&dist.canonicalize()?, &list)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => table(&dist, "")?,
        Err(error) => return Err(error),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), code)
}

/// One entry for each line of the list, which the console's build writes: path, media type, digest, `immutable` or
/// `changing`.
fn table(dist: &Path, list: &str) -> io::Result<String> {
    let mut code = String::from("const FILES: &[SiteFile] = &[\n");
    for line in list.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[path, kind, digest, keep] = fields.as_slice() else {
            return Err(io::Error::other(format!("files.tsv: {line:?}")));
        };
        // As text, because a literal of the language is wanted.
        let file = dist.join(path.trim_start_matches('/'));
        let file = file.to_string_lossy();
        let compressed = |ending: &str| {
            let name = format!("{file}{ending}");
            if Path::new(&name).is_file() {
                format!("Some(include_bytes!({name:?}))")
            } else {
                "None".to_owned()
            }
        };
        let written = writeln!(
            code,
            "SiteFile {{ path: {path:?}, content_type: {kind:?}, digest: {digest:?}, immutable: {}, \
             plain: include_bytes!({file:?}), brotli: {}, gzip: {} }},",
            keep == "immutable",
            compressed(".br"),
            compressed(".gz"),
        );
        written.map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    Ok(code)
}
