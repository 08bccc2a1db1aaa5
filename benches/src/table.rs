//! Tables in Markdown.

use std::fmt;

/// Rows of cells under a head; columns are as wide as their widest cell.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table with these columns.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            write!(f, "|")?;
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                // Names stand left, numbers right.
                if column == 0 {
                    write!(f, " {cell:<width$} |")?;
                } else {
                    write!(f, " {cell:>width$} |")?;
                }
            }
            writeln!(f)?;
            if index == 0 {
                let rule: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
                writeln!(f, "|{}|", rule.join("|"))?;
            }
        }
        Ok(())
    }
}

/// Writes whether a ratio holds its goal, as two cells; a row without a goal leaves them empty.
#[must_use]
pub fn verdict(ratio: f64, goal: Option<f64>) -> [String; 2] {
    let Some(goal) = goal else { return Default::default() };
    let verdict = if ratio <= goal { "ok" } else { "over" };
    [format!("{goal:.2}"), verdict.to_owned()]
}

/// Writes whether a ratio reaches its goal, as two cells.
#[must_use]
pub fn reached(ratio: f64, goal: f64) -> [String; 2] {
    [format!("{goal:.2}"), if ratio >= goal { "ok" } else { "under" }.to_owned()]
}
