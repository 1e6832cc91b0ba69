//! `docs/asvs.md` says how Gantry stands to each requirement of OWASP ASVS 5.0.0 at level 1 and 2, and
//! `docs/security.md` names tests beside what it claims. Here is checked what a machine can: every
//! requirement has one row, every row a status with what belongs to it, and what is called a test is one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::step::{Failure, Outcome, step};
use crate::workspace::root;

const TABLE: &str = "docs/asvs.md";
const PROSE: &str = "docs/security.md";

/// The sections of ASVS 5.0.0. One digit per requirement: the level from which it applies.
const SECTIONS: &[(&str, &str)] = &[
    ("1.1", "22"),
    ("1.2", "1111122223"),
    ("1.3", "112222222223"),
    ("1.4", "222"),
    ("1.5", "123"),
    ("2.1", "122"),
    ("2.2", "112"),
    ("2.3", "12223"),
    ("2.4", "23"),
    ("3.1", "3"),
    ("3.2", "113"),
    ("3.3", "12223"),
    ("3.4", "11222233"),
    ("3.5", "11122333"),
    ("3.6", "3"),
    ("3.7", "22333"),
    ("4.1", "12233"),
    ("4.2", "23333"),
    ("4.3", "22"),
    ("4.4", "1222"),
    ("5.1", "2"),
    ("5.2", "112333"),
    ("5.3", "113"),
    ("5.4", "222"),
    ("6.1", "122"),
    ("6.2", "111111112222"),
    ("6.3", "11223333"),
    ("6.4", "112233"),
    ("6.5", "22222333"),
    ("6.6", "2223"),
    ("6.7", "33"),
    ("6.8", "2222"),
    ("7.1", "222"),
    ("7.2", "1111"),
    ("7.3", "22"),
    ("7.4", "11222"),
    ("7.5", "223"),
    ("7.6", "22"),
    ("8.1", "1233"),
    ("8.2", "1123"),
    ("8.3", "133"),
    ("8.4", "23"),
    ("9.1", "111"),
    ("9.2", "1222"),
    ("10.1", "22"),
    ("10.2", "223"),
    ("10.3", "22223"),
    ("10.4", "1111122222233333"),
    ("10.5", "22222"),
    ("10.6", "22"),
    ("10.7", "222"),
    ("11.1", "2233"),
    ("11.2", "22233"),
    ("11.3", "11233"),
    ("11.4", "1222"),
    ("11.5", "23"),
    ("11.6", "23"),
    ("11.7", "33"),
    ("12.1", "12233"),
    ("12.2", "11"),
    ("12.3", "22223"),
    ("13.1", "2333"),
    ("13.2", "222223"),
    ("13.3", "2233"),
    ("13.4", "1222233"),
    ("14.1", "22"),
    ("14.2", "12223333"),
    ("14.3", "122"),
    ("15.1", "12233"),
    ("15.2", "12233"),
    ("15.3", "1222222"),
    ("15.4", "3333"),
    ("16.1", "2"),
    ("16.2", "22222"),
    ("16.3", "2222"),
    ("16.4", "222"),
    ("16.5", "2223"),
    ("17.1", "23"),
    ("17.2", "22223333"),
    ("17.3", "22"),
];

const STATUSES: [&str; 6] = [
    "met",
    "met by code",
    "met by document",
    "not applicable",
    "open",
    "open (no test)",
];

pub(crate) fn check() -> Outcome {
    step("check-asvs", || {
        let docs = root().join("docs");
        let mut faults = Vec::new();
        for name in [TABLE, PROSE] {
            let path = root().join(name);
            let text = std::fs::read_to_string(&path)
                .map_err(Failure::io(format_args!("reading {name}")))?;
            let found = if name == TABLE {
                [table(&text), evidence(&text, &docs)].concat()
            } else {
                evidence(&text, &docs)
            };
            faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            faults.join("\n  "),
            "correct the row; `met` needs a test, and what has none is `open (no test)`",
        ))
    })
}

/// The requirements at level 1 and 2 with their levels.
fn wanted() -> BTreeMap<String, char> {
    let mut all = BTreeMap::new();
    for (section, levels) in SECTIONS {
        let numbered = (1..).zip(levels.chars()).filter(|(_, level)| *level != '3');
        all.extend(numbered.map(|(number, level)| (format!("{section}.{number}"), level)));
    }
    all
}

/// What is wrong with the rows: `| id | level | requirement | status | evidence |`.
fn table(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut missing = wanted();
    let mut counts: BTreeMap<&str, usize> = STATUSES.map(|status| (status, 0)).into();
    let mut told = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [status, number] = cells[..]
            && counts.contains_key(status)
        {
            told.insert(status, number);
        }
        if !cells[0].starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        let [id, level, requirement, status, evidence] = cells[..] else {
            faults.push(format!("{}: {} cells instead of 5", cells[0], cells.len()));
            continue;
        };
        match missing.remove(id) {
            None => faults.push(format!("{id}: twice, or no requirement of level 1 or 2")),
            Some(known) if level != known.to_string() => {
                faults.push(format!("{id}: its level is {known}, not {level}"));
            }
            Some(_) => {}
        }
        match counts.get_mut(status) {
            Some(count) => *count += 1,
            None => faults.push(format!("{id}: {status:?} is not one of {STATUSES:?}")),
        }
        if requirement.is_empty() || !supports(status, evidence) {
            faults.push(format!("{id}: {status:?} needs other evidence"));
        }
    }
    faults.extend(missing.keys().map(|id| format!("{id}: no row")));
    for (status, count) in counts {
        if told.get(status) != Some(&count.to_string().as_str()) {
            faults.push(format!("the summary must say `| {status} | {count} |`"));
        }
    }
    faults
}

fn supports(status: &str, evidence: &str) -> bool {
    let links = links(evidence);
    match status {
        "met" => links.iter().any(|link| link.test),
        "met by code" => links.iter().any(|link| !link.test),
        "met by document" => links.iter().any(|link| link.target.contains(".md")),
        _ => !evidence.is_empty(),
    }
}

/// A link: in place, `[text](target)`, or by name, `[text][target]`. One whose text is a function in
/// backticks calls it a test.
#[derive(Debug, PartialEq, Eq)]
struct Link<'a> {
    text: &'a str,
    target: &'a str,
    named: bool,
    test: bool,
}

fn links(line: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(']') {
        let text = before.rsplit('[').next().unwrap_or_default();
        let end = match after.as_bytes().first() {
            Some(b'(') => ')',
            Some(b'[') => ']',
            _ => {
                rest = after;
                continue;
            }
        };
        let Some((target, behind)) = after[1..].split_once(end) else {
            break;
        };
        let function = text
            .strip_prefix('`')
            .and_then(|text| text.strip_suffix('`'));
        let word = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        links.push(Link {
            text: function.unwrap_or(text),
            target,
            named: end == ']',
            test: function.is_some_and(word),
        });
        rest = behind;
    }
    links
}

/// What is wrong with the links by name and with the tests that are named. Whether files exist that are linked in
/// place or by a definition is what check-links looks at.
fn evidence(text: &str, folder: &Path) -> Vec<String> {
    let definitions: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
        .collect();
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for link in text.lines().flat_map(links) {
        let target = if link.named {
            used.insert(link.target);
            let Some(target) = definitions.get(link.target) else {
                faults.push(format!("[{}]: not defined", link.target));
                continue;
            };
            target
        } else {
            link.target
        };
        if link.test {
            let file = std::fs::read_to_string(folder.join(target)).unwrap_or_default();
            if !is_test(&file, link.text) {
                faults.push(format!("{target} has no test called {}", link.text));
            }
        }
    }
    let unused = definitions.keys().filter(|name| !used.contains(*name));
    faults.extend(unused.map(|name| format!("[{name}]: defined and never used")));
    faults
}

/// Whether `name` is a test in this source: by its attribute, or because a macro makes one of it.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let signature = line.strip_prefix("async ").unwrap_or(line);
        let found = signature
            .strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('));
        let for_engines = line.ends_with("(engine: Engine) {") && source.contains("both_engines!");
        let for_engines = for_engines || listed(source, name);
        let above = lines[..at].iter().rev();
        let attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        let attributes: Vec<_> = attributes.collect();
        let has = |start: &str| attributes.iter().any(|line| line.starts_with(start));
        let marked = has("#[test]") || has("#[tokio::test");
        found && (for_engines || marked) && !has("#[ignore")
    })
}

/// Whether kit/db's `both!` makes a test of `name`.
fn listed(source: &str, name: &str) -> bool {
    let lists = source.split("\nboth!").skip(1);
    let mut names = lists.flat_map(|rest| {
        let list = rest.split(['}', ')', ']']).next().unwrap_or_default();
        list.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
    });
    names.any(|listed| listed == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_has_253_requirements_at_level_1_and_2() {
        let count = |level| {
            let levels = SECTIONS.iter().flat_map(|(_, levels)| levels.chars());
            levels.filter(|known| *known == level).count()
        };
        assert_eq!((count('1'), count('2'), count('3')), (70, 183, 92));
        assert_eq!(wanted().len(), 253);
    }

    #[test]
    fn a_row_needs_its_status_and_what_belongs_to_it() {
        let sound = "| 1.2.1 | 1 | encoding | met | [`a_test`][file] |";
        assert!(!table(sound).iter().any(|fault| fault.starts_with("1.2.1")));
        for (row, fault) in [
            (
                "| 1.2.1 | 1 | encoding | met | trust us |",
                "needs other evidence",
            ),
            (
                "| 1.2.1 | 1 | encoding | met by code | trust us |",
                "needs other evidence",
            ),
            ("| 1.2.1 | 1 | encoding | open | |", "needs other evidence"),
            ("| 1.2.1 | 2 | encoding | open | later |", "its level is 1"),
            ("| 1.2.1 | 1 | encoding | done | later |", "is not one of"),
            (
                "| 1.2.10 | 3 | formulas | open | later |",
                "no requirement of level 1 or 2",
            ),
            ("| 1.2.1 | 1 | encoding | open |", "4 cells"),
        ] {
            assert!(
                table(row).iter().any(|found| found.contains(fault)),
                "{row}"
            );
        }
        let faults = table(&format!("| met | 1 |\n{sound}\n{sound}"));
        assert!(faults.contains(&"1.2.1: twice, or no requirement of level 1 or 2".to_owned()));
        assert!(faults.contains(&"the summary must say `| met | 2 |`".to_owned()));
        assert!(faults.contains(&"17.3.2: no row".to_owned()));
    }

    #[test]
    fn links_are_told_apart() {
        let line =
            "see [`a_test`][file], [`src/a.rs`](../src/a.rs) and [prose](b.md#c) [not] (this)";
        let shown: Vec<_> = links(line)
            .into_iter()
            .map(|link| (link.text, link.target, link.named, link.test))
            .collect();
        assert_eq!(
            shown,
            [
                ("a_test", "file", true, true),
                ("src/a.rs", "../src/a.rs", false, false),
                ("prose", "b.md#c", false, false),
            ]
        );
    }

    #[test]
    fn a_test_is_one_only_when_it_runs() {
        let source = "\
            #[tokio::test(start_paused = true)]\nasync fn marked() {\n}\n\
            #[test]\n#[ignore = \"slow\"]\nfn asleep() {\n}\n\
            #[test]\n/// Why.\nfn documented(n: u8) {\n}\n\
            fn helper() {\n}\nboth_engines! {\n  async fn twice(engine: Engine) {\n}\n\
            async fn open(engine: Engine) -> App {\n}\nasync fn roomy(room: Room) {\n}\nboth! {\n  roomy,\n}\n";
        for name in ["marked", "documented", "twice", "roomy"] {
            assert!(is_test(source, name), "{name}");
        }
        for name in ["asleep", "helper", "open", "mark", "absent"] {
            assert!(!is_test(source, name), "{name}");
        }
    }

    #[test]
    fn names_are_defined_and_used() {
        let text =
            "[`a_test`][here] and [there][nowhere]\n\n[here]: Cargo.toml\n[idle]: Cargo.toml\n";
        assert_eq!(
            evidence(text, &root().join("xtask")),
            [
                "Cargo.toml has no test called a_test",
                "[nowhere]: not defined",
                "[idle]: defined and never used",
            ]
        );
    }
}
