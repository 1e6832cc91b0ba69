//! One DDL text for two engines.
//!
//! Placeholders name the column types: `{id} {int} {time} {date} {bool} {json} {bytes} {text}`.
//! For SQLite every `CREATE TABLE` becomes STRICT and a `{bool}` column gets its CHECK, so that
//! both engines refuse the same rows.
//!
//! What one engine only can say (a trigger) stands between lines `-- engine: sqlite` or
//! `-- engine: postgres` and `-- engine: both`.

use crate::{DbError, Engine};

/// What a text is rendered for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Engine(Engine),
    /// A throw-away SQLite database whose columns are declared with our own words for their kinds,
    /// which is how the kinds of a schema's columns are found out.
    Kinds,
}

/// The text for an engine.
pub(super) fn render(source: &str, engine: Engine) -> Result<String, DbError> {
    render_for(source, Target::Engine(engine))
}

/// The text for a SQLite database that says of each column which placeholder it came from.
pub(super) fn render_kinds(source: &str) -> Result<String, DbError> {
    render_for(source, Target::Kinds)
}

fn render_for(source: &str, target: Target) -> Result<String, DbError> {
    let engine = match target {
        Target::Engine(engine) => engine,
        Target::Kinds => Engine::Sqlite,
    };
    let mut out = String::with_capacity(source.len() + 64);
    let mut statement = Statement::default();
    let source = meant_for(source, engine)?;
    let mut rest = source.as_str();
    while let Some(first) = rest.chars().next() {
        let skipped = opaque(rest);
        if skipped > 0 {
            out.push_str(&rest[..skipped]);
            rest = &rest[skipped..];
            continue;
        }
        if first == '{' {
            let Some(end) = rest.find('}') else {
                return Err(DbError::Migration("a placeholder is not closed".to_owned()));
            };
            out.push_str(&column_type(&rest[1..end], target, &statement.word)?);
            rest = &rest[end + 1..];
            continue;
        }
        if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            statement.see(&rest[..end]);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        match first {
            '(' => statement.depth += 1,
            ')' => statement.depth = statement.depth.saturating_sub(1),
            ';' if statement.depth == 0 => {
                statement.end(target, &mut out);
                statement = Statement::default();
            }
            _ => {}
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    statement.end(target, &mut out);
    Ok(out)
}

/// The source without the blocks of the other engine.
fn meant_for(source: &str, engine: Engine) -> Result<String, DbError> {
    let mut kept = String::with_capacity(source.len());
    let mut wanted = true;
    for line in source.split_inclusive('\n') {
        match line.trim().strip_prefix("-- engine:").map(str::trim) {
            None if wanted => kept.push_str(line),
            None => {}
            Some("both") => wanted = true,
            Some(name @ ("sqlite" | "postgres")) => wanted = name == engine.name(),
            Some(other) => {
                return Err(DbError::Migration(format!("unknown engine {other:?}")));
            }
        }
    }
    Ok(kept)
}

/// What is known of the statement being read.
#[derive(Default)]
struct Statement {
    depth: usize,
    /// The first words outside parentheses, in lower case.
    head: Vec<String>,
    /// The last word seen: the column's name when a type follows.
    word: String,
}

impl Statement {
    fn see(&mut self, word: &str) {
        word.clone_into(&mut self.word);
        if self.depth == 0 && self.head.len() < 2 {
            self.head.push(word.to_ascii_lowercase());
        }
    }

    fn end(&self, target: Target, out: &mut String) {
        if target == Target::Engine(Engine::Sqlite) && self.head == ["create", "table"] {
            // On a line of its own: the statement may end in a comment.
            out.push_str("\nSTRICT");
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of the comment or quoted text at the start, 0 when there is none.
fn opaque(rest: &str) -> usize {
    if rest.starts_with("--") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        return 0;
    };
    // A doubled quote ends one quoted text and begins the next, which comes to the same.
    rest[1..].find(quote).map_or(rest.len(), |end| end + 2)
}

fn column_type(name: &str, target: Target, column: &str) -> Result<String, DbError> {
    let (sqlite, postgres) = match name {
        "id" | "json" | "text" => ("TEXT", "TEXT"),
        "int" | "time" => ("INTEGER", "BIGINT"),
        "date" => ("TEXT", "DATE"),
        "bytes" => ("BLOB", "BYTEA"),
        "bool"
            if target == Target::Engine(Engine::Sqlite) && !column.eq_ignore_ascii_case("as") =>
        {
            return Ok(format!("INTEGER CHECK ({column} IN (0, 1))"));
        }
        "bool" => ("INTEGER", "BOOLEAN"),
        other => {
            return Err(DbError::Migration(format!(
                "unknown placeholder {{{other}}}"
            )));
        }
    };
    Ok(match target {
        Target::Engine(Engine::Sqlite) => sqlite,
        Target::Engine(Engine::Postgres) => postgres,
        Target::Kinds => name,
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_strict_and_booleans_checked_on_sqlite_only() {
        let source = "-- it's; {not} a placeholder\nCREATE TABLE a (x {int}, on_hold {bool} NOT NULL, \
                      j {json} DEFAULT '{};');\nCREATE INDEX i ON a (x);\ncreate table b (d {date}) -- end";
        let sqlite = render(source, Engine::Sqlite).unwrap();
        assert!(
            sqlite.contains("on_hold INTEGER CHECK (on_hold IN (0, 1)) NOT NULL"),
            "{sqlite}"
        );
        assert!(sqlite.contains("DEFAULT '{};')\nSTRICT;"), "{sqlite}");
        assert!(sqlite.ends_with("(d TEXT) -- end\nSTRICT"), "{sqlite}");
        assert_eq!(sqlite.matches("STRICT").count(), 2, "{sqlite}");
        let postgres = render(source, Engine::Postgres).unwrap();
        assert!(postgres.contains("on_hold BOOLEAN NOT NULL"), "{postgres}");
        assert!(!postgres.contains("STRICT"), "{postgres}");
        assert!(render("create table a (x {uuid})", Engine::Postgres).is_err());
    }

    #[test]
    fn a_block_of_one_engine_is_left_out_on_the_other() {
        let source = "create table a (x {int});\n-- engine: sqlite\nonly here;\n\
                      -- engine: postgres\nonly there;\n-- engine: both\ncreate index i on a (x);\n";
        let sqlite = render(source, Engine::Sqlite).unwrap();
        assert!(
            sqlite.contains("only here") && !sqlite.contains("only there"),
            "{sqlite}"
        );
        let postgres = render(source, Engine::Postgres).unwrap();
        assert!(
            !postgres.contains("only here") && postgres.contains("only there"),
            "{postgres}"
        );
        assert!(sqlite.contains("create index") && postgres.contains("create index"));
        assert!(render("-- engine: oracle\n", Engine::Sqlite).is_err());
    }
}
