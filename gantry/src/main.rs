//! The `gantry` program.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    if !gantry::memory::give_back() {
        // It works all the same, and there is no log yet.
        writeln!(std::io::stderr(), "gantry: freed memory is kept").ok();
    }
    gantry::cli::main()
}
