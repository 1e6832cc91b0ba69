//! Keeps files and crates at a size a person can hold in the head. Production lines are those
//! before the first inline test module; test files are not counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, Outcome, step};
use crate::workspace::{metadata, root};

const WARN: usize = 300;
const FAIL: usize = 400;
/// Identity is the largest: modules may not see each other, so what people sign in with and what they may do stay in one.
const CRATE: usize = 17_000;
/// Spaces has outgrown one crate: seats, money and people are folders of it that want to be crates of their own, below
/// one that puts the module together. Until then it may not grow beyond this.
const SPACES: (&str, usize) = ("products/spaces", 24_000);
const SHOWN: usize = 5;
const EXCEPTIONS: &str = "xtask/size-exceptions.txt";

pub(crate) fn check() -> Outcome {
    step("check-size", || {
        let root = root();
        let crates = measure(&root)?;
        let text = std::fs::read_to_string(root.join(EXCEPTIONS))
            .map_err(Failure::io(format_args!("reading {EXCEPTIONS}")))?;
        let exceptions = parse(&text)?;
        let mut problems = problems(&crates, &exceptions);
        for base in ["HEAD", "HEAD^"] {
            if let Some(text) = committed(&root, base) {
                problems.extend(grown(&parse(&text)?, &exceptions));
            }
        }
        report(&crates);
        problems.sort();
        problems.dedup();
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            problems.join("\n  "),
            "split by feature or by reason to change, each part with its own `//!` line",
        ))
    })
}

/// Production lines by file, by crate folder.
type Sizes = BTreeMap<String, BTreeMap<String, usize>>;

fn measure(root: &Path) -> Result<Sizes, Failure> {
    let metadata = metadata(false)?;
    let mut crates = Sizes::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let Some(folder) = Path::new(manifest).parent() else {
            continue;
        };
        let mut files = BTreeMap::new();
        for path in rust_files(&folder.join("src"))? {
            let shown = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            if !is_test(&shown) {
                let text = std::fs::read_to_string(&path)
                    .map_err(Failure::io(format_args!("reading {shown}")))?;
                files.insert(shown, production_lines(&text));
            }
        }
        let name = folder
            .strip_prefix(root)
            .unwrap_or(folder)
            .display()
            .to_string();
        crates.insert(name, files);
    }
    Ok(crates)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let reading = format!("reading {}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(Failure::io(reading))? {
            let path = entry.map_err(Failure::io(folder.display()))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Test modules in files of their own.
fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// Lines before the first inline test module.
fn production_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim_start().starts_with("#[cfg(test)]") {
            // Other attributes may stand between; `mod tests;` names a file of its own.
            let item = lines[at + 1..]
                .iter()
                .map(|line| line.trim())
                .find(|line| !line.starts_with("#[") && !line.starts_with("//"));
            if item.is_some_and(|item| item.contains("mod ") && item.ends_with('{')) {
                return at;
            }
        }
        at += 1;
    }
    lines.len()
}

fn parse(text: &str) -> Result<BTreeMap<String, usize>, Failure> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (path, size) = line.split_once(' ')?;
            Some((path.to_owned(), size.trim().parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::new(format!("{EXCEPTIONS} is malformed"), "write `path lines`"))
}

fn problems(crates: &Sizes, exceptions: &BTreeMap<String, usize>) -> Vec<String> {
    let mut problems = Vec::new();
    let files: BTreeMap<&String, usize> = crates
        .values()
        .flatten()
        .map(|(path, size)| (path, *size))
        .collect();
    for (path, size) in &files {
        match exceptions.get(*path) {
            None if *size > FAIL => {
                problems.push(format!(
                    "{path} has {size} production lines, {FAIL} are allowed"
                ));
            }
            Some(allowed) if size > allowed => problems.push(format!(
                "{path} grew to {size} production lines, its exception is {allowed}"
            )),
            Some(allowed) if size < allowed && *size > FAIL => {
                problems.push(format!(
                    "{path} shrank to {size}: lower its line in {EXCEPTIONS}"
                ));
            }
            _ => {}
        }
    }
    for path in exceptions.keys() {
        if files.get(path).is_none_or(|size| *size <= FAIL) {
            problems.push(format!(
                "{path} needs no exception: remove its line from {EXCEPTIONS}"
            ));
        }
    }
    for (name, files) in crates {
        let total: usize = files.values().sum();
        let allowed = if name == SPACES.0 { SPACES.1 } else { CRATE };
        if total > allowed {
            problems.push(format!(
                "{name} has {total} production lines, {allowed} are allowed"
            ));
        }
    }
    problems
}

/// Lines that an earlier commit did not have, or had with a smaller number.
fn grown(before: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> Vec<String> {
    now.iter()
        .filter(|(path, size)| before.get(*path).is_none_or(|before| before < *size))
        .map(|(path, _)| format!("{EXCEPTIONS} may only shrink, and {path} is new or grew"))
        .collect()
}

/// The list as of a commit; None without git, or where the commit does not have it.
fn committed(root: &Path, base: &str) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["show", &format!("{base}:{EXCEPTIONS}")])
        .current_dir(root);
    let output = git.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn report(crates: &Sizes) {
    let mut files: Vec<(&String, &usize)> = crates.values().flatten().collect();
    files.sort_by(|a, b| b.1.cmp(a.1));
    let mut sizes: Vec<(usize, &String)> = crates
        .iter()
        .map(|(name, files)| (files.values().sum(), name))
        .collect();
    sizes.sort();
    let total: usize = sizes.iter().map(|(size, _)| size).sum();
    println!("   {} production lines in {} files", total, files.len());
    for (size, name) in sizes.iter().rev().take(SHOWN) {
        println!("   {size:>6}  {name}");
    }
    for (path, size) in files.iter().take(SHOWN) {
        println!("   {size:>6}  {path}");
    }
    for (path, size) in files.iter().filter(|(_, size)| **size > WARN) {
        println!("   warning: {path} has {size} production lines, {WARN} are comfortable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(files: &[(&str, usize)]) -> Sizes {
        let files = files
            .iter()
            .map(|(path, size)| ((*path).to_owned(), *size))
            .collect();
        Sizes::from([("kit/db".to_owned(), files)])
    }

    fn list(text: &str) -> BTreeMap<String, usize> {
        parse(text).unwrap()
    }

    #[test]
    fn counting_stops_at_the_first_inline_test_module() {
        let text = "//! why\nfn a() {}\n\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n fn b() {}\n}\n";
        assert_eq!(production_lines(text), 3);
        assert_eq!(production_lines("#[cfg(test)]\nmod tests;\nfn a() {}\n"), 3);
        assert_eq!(
            production_lines("fn a() {}\n#[cfg(test)]\nfn helper() {\n}\n"),
            4
        );
    }

    #[test]
    fn test_files_are_told_by_name() {
        assert!(is_test("kit/db/src/pool/tests.rs"));
        assert!(is_test("kit/db/src/pool_tests.rs"));
        assert!(is_test("kit/db/src/tests/pool.rs"));
        assert!(!is_test("kit/testkit/src/lib.rs"));
    }

    #[test]
    fn a_long_file_needs_an_exception_that_fits_exactly() {
        let none = list("");
        assert_eq!(
            problems(&sizes(&[("a.rs", 400)]), &none),
            Vec::<String>::new()
        );
        assert_eq!(problems(&sizes(&[("a.rs", 401)]), &none).len(), 1);
        let exception = list("# why\na.rs 450\n");
        assert_eq!(
            problems(&sizes(&[("a.rs", 450)]), &exception),
            Vec::<String>::new()
        );
        for size in [300, 449, 451] {
            assert_eq!(
                problems(&sizes(&[("a.rs", size)]), &exception).len(),
                1,
                "{size}"
            );
        }
        assert_eq!(problems(&sizes(&[]), &exception).len(), 1);
    }

    #[test]
    fn a_large_crate_is_named() {
        let files: Vec<(String, usize)> = (0..=CRATE / 300)
            .map(|number| (format!("{number}.rs"), 300))
            .collect();
        let files: Vec<(&str, usize)> = files
            .iter()
            .map(|(path, size)| (path.as_str(), *size))
            .collect();
        assert_eq!(problems(&sizes(&files), &list("")).len(), 1);
    }

    #[test]
    fn the_list_may_only_shrink() {
        let before = list("a.rs 450\nb.rs 500\n");
        assert_eq!(grown(&before, &list("a.rs 420\n")), Vec::<String>::new());
        assert_eq!(grown(&before, &list("a.rs 451\n")).len(), 1);
        assert_eq!(grown(&before, &list("c.rs 401\n")).len(), 1);
        assert!(parse("no-number\n").is_err());
    }
}
