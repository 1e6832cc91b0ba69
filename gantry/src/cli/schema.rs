//! `gantry schema`: docs/schema.md, from the migrations of this program.

use std::fmt::Write;

use gantry_db::{DbError, TableShape};

use super::CliError;
use crate::App;

pub(super) fn run() -> Result<String, CliError> {
    Ok(document(&App::new()?)?)
}

/// The tables of control and of a tenant, with diagrams in Mermaid.
pub fn document(app: &App) -> Result<String, DbError> {
    let migrations = app.registry().migrations();
    let mut text = String::from(
        "# Schema\n\n\
         What the migrations make, on SQLite and PostgreSQL alike. Made by `gantry schema`; do not edit it by hand. The words for \
         kinds are those of the migrations: `id` is a UUIDv7 as text, `time` microseconds since 1970 in UTC, `date` a civil date, \
         `bool` true or false, `json` text in JSON. Beside these each database has `_migrations`, which says what was applied.\n",
    );
    section(
        &mut text,
        "Control",
        "The platform's own database; there is one.",
        &migrations.control_tables()?,
    );
    section(
        &mut text,
        "Tenant",
        "Every tenant has a database of its own with these tables. Ids of people and tenants point into control, which no \
         foreign key can say.",
        &migrations.tenant_tables()?,
    );
    Ok(text)
}

fn section(text: &mut String, title: &str, about: &str, tables: &[TableShape]) {
    // Writing to a String cannot fail.
    writeln!(text, "\n## {title}\n\n{about}").ok();
    let mut modules: Vec<&str> = Vec::new();
    for table in tables {
        if !modules.contains(&table.module) {
            modules.push(table.module);
        }
    }
    for module in modules {
        let own: Vec<&TableShape> = tables
            .iter()
            .filter(|table| table.module == module)
            .collect();
        writeln!(text, "\n### {title}: {module}\n\n```mermaid\nerDiagram").ok();
        for table in &own {
            entity(text, table);
        }
        for table in &own {
            relations(text, table);
        }
        text.push_str("```\n");
    }
}

fn entity(text: &mut String, table: &TableShape) {
    writeln!(text, "    {} {{", table.name).ok();
    for column in &table.columns {
        let points = table
            .references
            .iter()
            .any(|reference| reference.columns.contains(&column.name));
        let keys = match (column.key, points) {
            (true, true) => " PK, FK",
            (true, false) => " PK",
            (false, true) => " FK",
            (false, false) => "",
        };
        let null = if column.nullable {
            " \"may be null\""
        } else {
            ""
        };
        writeln!(text, "        {} {}{keys}{null}", column.kind, column.name).ok();
    }
    text.push_str("    }\n");
}

fn relations(text: &mut String, table: &TableShape) {
    for reference in &table.references {
        let optional = reference.columns.iter().all(|name| {
            let mut columns = table.columns.iter();
            columns.any(|column| column.name == *name && column.nullable)
        });
        let parent = if optional { "|o" } else { "||" };
        let on_delete = match reference.on_delete.as_str() {
            "no action" => String::new(),
            action => format!(", on delete {action}"),
        };
        let columns = reference.columns.join(", ");
        writeln!(
            text,
            "    {} {parent}--o{{ {} : \"{columns}{on_delete}\"",
            reference.table, table.name
        )
        .ok();
    }
}
