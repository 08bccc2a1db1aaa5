//! The figures of a run, as a table.

use std::fmt::{self, Display, Write as _};

/// How many examples of a broken promise are shown.
const EXAMPLES: usize = 5;

/// What a run found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    broken: Vec<String>,
}

#[derive(Debug)]
struct Row {
    what: String,
    found: String,
    promised: String,
}

impl Report {
    /// Adds a figure that promises nothing.
    pub(crate) fn figure(&mut self, what: impl Into<String>, found: impl Display) {
        self.rows.push(Row {
            what: what.into(),
            found: found.to_string(),
            promised: String::new(),
        });
    }

    /// Adds what must not have happened, each case with what there is to say about it.
    pub(crate) fn none<T: Display>(
        &mut self,
        what: impl Into<String>,
        cases: impl IntoIterator<Item = T>,
    ) {
        let what = what.into();
        let mut count = 0;
        for case in cases {
            count += 1;
            if count <= EXAMPLES {
                self.broken.push(format!("{what}: {case}"));
            }
        }
        if count > EXAMPLES {
            self.broken.push(format!("{what}: {} more", count - EXAMPLES));
        }
        self.rows.push(Row { what, found: count.to_string(), promised: "0".to_owned() });
    }

    /// Adds two numbers that must be equal.
    pub(crate) fn equal(&mut self, what: impl Into<String>, found: usize, expected: usize) {
        let what = what.into();
        if found != expected {
            self.broken.push(format!("{what}: expected {expected}, found {found}"));
        }
        let found = format!("{found} of {expected}");
        self.rows.push(Row { what, found, promised: "all".to_owned() });
    }

    /// Adds a measure with an upper limit.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, found: u64, limit: u64) {
        let what = what.into();
        if found > limit {
            self.broken.push(format!("{what}: expected at most {limit}, found {found}"));
        }
        self.rows.push(Row { what, found: found.to_string(), promised: format!("<= {limit}") });
    }

    /// Adds a measure with a lower limit.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, found: u64, limit: u64) {
        let what = what.into();
        if found < limit {
            self.broken.push(format!("{what}: expected at least {limit}, found {found}"));
        }
        self.rows.push(Row { what, found: found.to_string(), promised: format!(">= {limit}") });
    }

    /// Returns what was promised and is not so.
    pub(crate) fn broken(&self) -> &[String] {
        &self.broken
    }
}

/// Writes a table in Markdown.
impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |cell: fn(&Row) -> &str, head: &str| {
            let cells = self.rows.iter().map(|row| cell(row).chars().count());
            cells.chain([head.len()]).max().unwrap_or_default()
        };
        let what = width(|row| &row.what, "");
        let found = width(|row| &row.found, "found");
        let promised = width(|row| &row.promised, "promised");
        let mut table = String::new();
        writeln!(table, "| {:what$} | {:found$} | {:promised$} |", "", "found", "promised")?;
        let line = |width: usize| "-".repeat(width + 2);
        writeln!(table, "|{}|{}|{}|", line(what), line(found), line(promised))?;
        for row in &self.rows {
            let Row { what: name, found: value, promised: limit } = row;
            writeln!(table, "| {name:what$} | {value:found$} | {limit:promised$} |")?;
        }
        f.write_str(&table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_what_is_broken() {
        let mut report = Report::default();
        report.figure("seed", 7);
        report.none("lost", Vec::<String>::new());
        report.none("twice", (0..7).map(|number| format!("id {number}")));
        report.equal("tasks", 3, 4);
        report.at_most("slowest", 5, 4);
        report.at_least("rate", 3, 4);
        let table = "|         | found  | promised |\n\
                     |---------|--------|----------|\n\
                     | seed    | 7      |          |\n\
                     | lost    | 0      | 0        |\n\
                     | twice   | 7      | 0        |\n\
                     | tasks   | 3 of 4 | all      |\n\
                     | slowest | 5      | <= 4     |\n\
                     | rate    | 3      | >= 4     |\n";
        assert_eq!(report.to_string(), table);
        let broken = [
            "twice: 2 more",
            "tasks: expected 4, found 3",
            "slowest: expected at most 4, found 5",
            "rate: expected at least 4, found 3",
        ];
        assert_eq!(report.broken().len(), 9);
        assert_eq!(report.broken()[5..], broken);
    }
}
