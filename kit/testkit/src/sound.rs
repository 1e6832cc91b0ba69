//! Whether database files are sound, asked of SQLite itself and not of the code under test.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Panics unless the database of a stopped server passes SQLite's own checks of its pages, indexes
/// and foreign keys.
pub fn assert_sound(path: &Path) {
    if let Err(error) = check(path) {
        panic!("{}: {error}", path.display());
    }
}

fn check(path: &Path) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    // A log left by a killed process is folded in by opening, which needs writing.
    let conn =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(text)?;
    let said: String = conn
        .query_row("pragma integrity_check", (), |row| row.get(0))
        .map_err(text)?;
    if said != "ok" {
        return Err(said);
    }
    let mut orphans = conn.prepare("pragma foreign_key_check").map_err(text)?;
    if orphans.exists(()).map_err(text)? {
        return Err("a row refers to one that is not there".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_told_from_a_sound_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let conn = Connection::open(&path).unwrap();
        let fill = "create table t (a text); create index i on t (a);
                    with recursive n(x) as (select 1 union all select x + 1 from n where x < 2000)
                    insert into t select hex(randomblob(20)) from n;";
        conn.execute_batch(fill).unwrap();
        drop(conn);
        assert_eq!(check(&path), Ok(()));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4_096].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        assert!(check(&path).is_err());
        assert!(check(&folder.path().join("missing.db")).is_err());
    }
}
