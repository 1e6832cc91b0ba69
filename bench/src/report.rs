//! `docs/benchmarks.md`: one section for each suite and engine, replaced by each run and by nothing else.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::load::Taken;

const HEAD: &str = "\
# Benchmarks

Sections that begin with `cargo xtask bench` are written by it: a run replaces its own, and nobody edits a number in them. There the server is the release build, as it ships,
with its log on. The load comes from a process of its own on the same machine, so throughput and latency are those of both together; the server's CPU
is user and system time of its process alone, and is what compares between machines and runs. Any other section says how it came about.
";

/// Where a section goes.
#[derive(Args)]
pub(crate) struct Target {
    /// The document in which the section is replaced.
    #[arg(long)]
    report: Option<PathBuf>,
    /// What somebody types to get the same again.
    #[arg(long)]
    pub(crate) command_line: String,
}

impl Target {
    /// Prints the section and puts it into the document.
    pub(crate) fn tell(&self, section: &Section) -> Outcome<()> {
        println!("\n{}", section.markdown());
        match &self.report {
            Some(path) => section.write(path),
            None => Ok(()),
        }
    }
}

/// What was measured against what is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) target: String,
    /// None: reported only.
    pub(crate) met: Option<bool>,
}

impl Verdict {
    /// A figure and the most it should be.
    pub(crate) fn at_most(what: &str, figure: f64, most: f64, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            figure: format!("{figure:.1} {unit}"),
            target: format!("at most {most} {unit}"),
            met: Some(figure <= most),
        }
    }

    /// How many times more one figure is than another, and how many it should be at least.
    pub(crate) fn times(what: &str, of: [f64; 2], least: Option<f64>, unit: &str) -> Self {
        let [high, low] = of;
        let times = high / low;
        Self {
            what: what.to_owned(),
            figure: format!("{times:.1} times ({high:.0} and {low:.0} {unit})"),
            target: least.map_or_else(String::new, |least| format!("at least {least} times")),
            met: least.map(|least| times >= least),
        }
    }

    /// A figure without a target.
    pub(crate) fn told(what: &str, figure: String) -> Self {
        Self {
            what: what.to_owned(),
            figure,
            target: String::new(),
            met: None,
        }
    }
}

/// One section of the document.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) command: String,
    /// About the machine, the build and the settings.
    pub(crate) notes: Vec<String>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) runs: Vec<(String, Vec<Taken>)>,
}

impl Section {
    fn markdown(&self) -> String {
        let mut out = format!("## {}\n\n```\n{}\n```\n\n", self.title, self.command);
        for note in &self.notes {
            put(&mut out, format_args!("- {note}"));
        }
        out.push_str("\n| measure | result | target | |\n|---|---|---|---|\n");
        for verdict in &self.verdicts {
            let met = match verdict.met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            let Verdict {
                what,
                figure,
                target,
                ..
            } = verdict;
            put(
                &mut out,
                format_args!("| {what} | {figure} | {target} | {met} |"),
            );
        }
        if self.runs.is_empty() {
            return out;
        }
        out.push_str(
            "\nEvery run, in microseconds where nothing else is said:\n\n\
             | run | clients | requests/s | p50 | p99 | worst | server CPU per request | client CPU per request | answers |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for (name, rounds) in &self.runs {
            for taken in rounds {
                let answers: Vec<String> = taken
                    .statuses
                    .iter()
                    .map(|(status, number)| format!("{number} of {status}"))
                    .collect();
                put(
                    &mut out,
                    format_args!(
                        "| {name} | {} | {:.0} | {} | {} | {} | {:.1} | {:.1} | {} |",
                        taken.clients,
                        taken.per_second(),
                        taken.latency.p50,
                        taken.latency.p99,
                        taken.latency.worst,
                        taken.server_us(),
                        taken.client_us(),
                        answers.join(", "),
                    ),
                );
            }
        }
        out
    }

    /// Puts this section in the place of the one with its title, or at the end.
    fn write(&self, path: &Path) -> Outcome<()> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEAD.to_owned(),
            Err(error) => return Err(Failure::doing(path.display())(error)),
        };
        std::fs::write(path, replaced(&text, &self.title, &self.markdown()))
            .map_err(Failure::doing(format_args!("writing {}", path.display())))
    }
}

fn replaced(document: &str, title: &str, section: &str) -> String {
    let mut parts = document.split("\n## ");
    let _old_head = parts.next();
    let mut out = HEAD.trim_end().to_owned();
    let mut placed = false;
    for part in parts {
        if part.lines().next() == Some(title) {
            put(&mut out, format_args!("\n\n{}", section.trim_end()));
            placed = true;
        } else {
            put(&mut out, format_args!("\n\n## {}", part.trim_end()));
        }
        out.truncate(out.trim_end().len());
    }
    if !placed {
        put(&mut out, format_args!("\n\n{}", section.trim_end()));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    out.push_str(&line.to_string());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_itself_and_leaves_the_others() {
        let first = replaced(HEAD, "a", "## a\n\none\n");
        assert_eq!(first, format!("{HEAD}\n## a\n\none\n"));
        let both = replaced(&first, "b", "## b\n\ntwo\n");
        let changed = replaced(&both, "a", "## a\n\nthree\n");
        assert_eq!(changed, format!("{HEAD}\n## a\n\nthree\n\n## b\n\ntwo\n"));
        assert_eq!(replaced(&changed, "b", "## b\n\ntwo"), changed);
    }
}
