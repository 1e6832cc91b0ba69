//! What was found, and how it is told.

use std::fmt::Write;

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    check: &'static str,
    says: String,
    todo: Option<String>,
}

/// Everything found, in the order in which it was looked at.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    pub(super) fn ok(&mut self, check: &'static str, says: impl Into<String>) {
        self.add(Verdict::Ok, check, says.into(), None);
    }

    /// It works, and somebody should know.
    pub(super) fn warn(
        &mut self,
        check: &'static str,
        says: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.add(Verdict::Warn, check, says.into(), Some(todo.into()));
    }

    /// A server would not start, or would not do what it is for.
    pub(super) fn fail(
        &mut self,
        check: &'static str,
        says: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.add(Verdict::Fail, check, says.into(), Some(todo.into()));
    }

    fn add(&mut self, verdict: Verdict, check: &'static str, says: String, todo: Option<String>) {
        self.0.push(Finding {
            verdict,
            check,
            says,
            todo,
        });
    }

    pub(super) fn failed(&self) -> bool {
        self.worst() == Verdict::Fail
    }

    fn worst(&self) -> Verdict {
        let verdicts = self.0.iter().map(|finding| finding.verdict);
        verdicts.max().unwrap_or(Verdict::Ok)
    }

    pub(super) fn lines(&self) -> String {
        let mut text = String::new();
        for finding in &self.0 {
            let word = finding.verdict.word();
            // Writing to a String cannot fail.
            writeln!(text, "{word:<5} {}: {}", finding.check, finding.says).ok();
            if let Some(todo) = &finding.todo {
                writeln!(text, "      -> {todo}").ok();
            }
        }
        let count = |verdict| self.0.iter().filter(|one| one.verdict == verdict).count();
        let (ok, warn, fail) = (
            count(Verdict::Ok),
            count(Verdict::Warn),
            count(Verdict::Fail),
        );
        writeln!(text, "{ok} ok, {warn} to look at, {fail} wrong").ok();
        text
    }

    pub(super) fn json(&self) -> String {
        let findings: Vec<Value> = self
            .0
            .iter()
            .map(|finding| {
                json!({
                    "verdict": finding.verdict.word(), "check": finding.check, "says": finding.says,
                    "todo": finding.todo,
                })
            })
            .collect();
        format!(
            "{}\n",
            json!({"verdict": self.worst().word(), "findings": findings})
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_and_each_says_what_to_do() {
        let mut report = Report::default();
        assert!(!report.failed());
        report.ok("one", "is well");
        report.warn("two", "is odd", "look at it");
        assert!(!report.failed());
        report.fail("three", "is gone", "bring it back");
        assert!(report.failed());
        assert_eq!(
            report.lines(),
            "ok    one: is well\n\
             warn  two: is odd\n      -> look at it\n\
             fail  three: is gone\n      -> bring it back\n\
             1 ok, 1 to look at, 1 wrong\n"
        );
        let value: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(value["verdict"], "fail");
        assert_eq!(value["findings"][1]["todo"], "look at it");
    }
}
