//! The document of the schema.

use gantry::App;
use gantry::cli::schema::document;

/// What people read; `gantry schema` prints it.
const WRITTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema.md");

#[test]
fn the_schema_that_is_written_down_is_the_one_the_migrations_make() {
    let text = document(&App::new().unwrap()).unwrap();
    for table in ["tenants", "jobs", "audit", "students"] {
        assert!(
            text.contains(&format!("\n    {table} {{\n")),
            "{table} is missing"
        );
    }
    let written = std::fs::read_to_string(WRITTEN).unwrap_or_default();
    assert!(
        written == text,
        "docs/schema.md is stale; run: cargo run -q -p gantry -- schema > docs/schema.md"
    );
}
