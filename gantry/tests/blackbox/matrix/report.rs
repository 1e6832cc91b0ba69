//! What differs from what the document promises, as a table.

use gantry_testkit::Answer;

/// Collects the cells that differ, so that one run shows them all.
#[derive(Default)]
pub(super) struct Report {
    cells: Vec<[String; 5]>,
    checked: usize,
}

impl Report {
    /// One call: as whom, what should come, what came.
    pub(super) fn call(
        &mut self,
        holds: bool,
        operation: &str,
        actor: &str,
        expected: &str,
        answer: &Answer,
    ) {
        self.checked += 1;
        if !holds {
            let code = answer.problem_code().unwrap_or_default();
            let detail: String = answer.text().chars().take(200).collect();
            let got = answer.status().to_string();
            self.push([
                operation,
                actor,
                expected,
                &got,
                &format!("{code} {detail}"),
            ]);
        }
    }

    /// Something that holds or does not.
    pub(super) fn fact(
        &mut self,
        holds: bool,
        operation: &str,
        actor: &str,
        expected: &str,
        got: &str,
    ) {
        self.checked += 1;
        if !holds {
            self.push([operation, actor, expected, "", got]);
        }
    }

    fn push(&mut self, cell: [&str; 5]) {
        self.cells.push(cell.map(|text| text.replace('\n', " ")));
    }

    /// Panics with the table if anything differs, and if nothing was checked.
    pub(super) fn finish(&self) {
        assert!(self.checked > 0, "nothing was checked");
        assert!(
            self.cells.is_empty(),
            "{} of {} cells differ\n{}",
            self.cells.len(),
            self.checked,
            self.table()
        );
    }

    fn table(&self) -> String {
        let head = ["operation", "caller", "expected", "got", "with"].map(str::to_owned);
        let widths: Vec<usize> = (0..4)
            .map(|column| {
                self.cells
                    .iter()
                    .chain([&head])
                    .map(|cell| cell[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |cell: &[String; 5]| {
            let [operation, actor, expected, got, code] = cell;
            format!(
                "{operation:a$} | {actor:b$} | {expected:c$} | {got:d$} | {code}",
                a = widths[0],
                b = widths[1],
                c = widths[2],
                d = widths[3],
            )
        };
        let mut lines = vec![line(&head)];
        lines.extend(self.cells.iter().map(line));
        lines.join("\n")
    }
}
