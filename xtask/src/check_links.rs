//! Every relative link in a Markdown file leads to a file, and every anchor to a heading.

use std::path::{Path, PathBuf};

use crate::step::{Failure, Outcome, step};
use crate::workspace::root;

const SKIPPED: [&str; 4] = ["target", "node_modules", "gantry-data", "dist"];

pub(crate) fn check() -> Outcome {
    step("check-links", || {
        let root = root();
        let mut broken = Vec::new();
        let files = markdown_files(&root)?;
        for file in &files {
            let text = read(file)?;
            for link in links(&text) {
                if let Some(reason) = fault(file, &text, &link)? {
                    let shown = file.strip_prefix(&root).unwrap_or(file).display();
                    broken.push(format!("{shown}: {link}: {reason}"));
                }
            }
        }
        println!("   {} files", files.len());
        if broken.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            broken.join("\n  "),
            "correct the link or restore what it names",
        ))
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(Failure::io(format_args!("reading {}", file.display())))
}

fn markdown_files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let reading = format!("reading {}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(Failure::io(reading))? {
            let path = entry.map_err(Failure::io(folder.display()))?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let skipped = name.starts_with('.') || SKIPPED.contains(&name.as_str());
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Targets of `[text](target)` and of definitions `[name]: target` outside code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Odd parts stand between backticks.
        let prose: Vec<&str> = line.split('`').step_by(2).collect();
        let prose = prose.join("");
        let defined = prose
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "));
        links.extend(defined.map(|(_, target)| target.trim().to_owned()));
        let mut rest = prose.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next().unwrap_or_default();
            links.push(target.to_owned());
            rest = &rest[end..];
        }
    }
    links
}

fn fault(file: &Path, text: &str, link: &str) -> Result<Option<&'static str>, Failure> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        file.to_owned()
    } else {
        file.parent().unwrap_or(file).join(path)
    };
    if !target.exists() {
        return Ok(Some("no such file"));
    }
    let known = match (anchor, path) {
        ("", _) => return Ok(None),
        (_, "") => anchors(text),
        _ if target
            .extension()
            .is_some_and(|extension| extension == "md") =>
        {
            anchors(&read(&target)?)
        }
        _ => return Ok(None),
    };
    Ok((!known.iter().any(|known| known == anchor)).then_some("no such heading"))
}

/// Headings as forges turn them into anchors.
fn anchors(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_no_links() {
        let text = "see [a](b.md) and `[no](c.md)`, [d](e.md#f \"title\")\n```\n[x](y.md)\n```\n[n]: g.md\n";
        assert_eq!(links(text), ["b.md", "e.md#f", "g.md"]);
    }

    #[test]
    fn missing_files_and_headings_are_found() {
        let file = root().join("xtask/Cargo.toml");
        let text = "# What it is\n## A `code` heading, twice\n";
        let check = |link| fault(&file, text, link).unwrap();
        assert_eq!(check("src/main.rs"), None);
        assert_eq!(check("https://example.com/x"), None);
        assert_eq!(check("src/nothing.rs"), Some("no such file"));
        assert_eq!(check("#what-it-is"), None);
        assert_eq!(check("#a-code-heading-twice"), None);
        assert_eq!(check("#elsewhere"), Some("no such heading"));
    }
}
