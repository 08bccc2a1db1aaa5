//! Tables for spreadsheets (RFC 4180).

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// A table in which no cell is a formula.
pub(crate) struct Table {
    text: String,
}

impl Table {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut table = Self { text: String::new() };
        table.row(names);
        table
    }

    /// Adds a row; every cell is quoted.
    pub(crate) fn row(&mut self, cells: &[&str]) {
        let cells: Vec<_> = cells.iter().map(|cell| cell_of(cell)).collect();
        self.text += &cells.join(",");
        self.text += "\r\n";
    }
}

impl IntoResponse for Table {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], self.text).into_response()
    }
}

/// Quotes a cell. Spreadsheets take what begins like a formula for one, whoever typed it: that gets
/// an apostrophe in front, unless it is a number.
fn cell_of(text: &str) -> String {
    let text: String = text.chars().filter(|it| !it.is_control()).collect();
    let is_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let guard = if is_formula && text.parse::<f64>().is_err() { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_ends_its_row() {
        let mut table = Table::new(&["name", "score"]);
        table.row(&["=HYPERLINK(\"https://example.com\")", "-15"]);
        table.row(&["  @SUM(A1)\r\nBcc: x@y.z", "+1 555"]);
        table.row(&["<script>, \u{645}\u{631}\u{62d}\u{628}\u{627}", "5"]);
        let expected = "\"name\",\"score\"\r\n\
            \"'=HYPERLINK(\"\"https://example.com\"\")\",\"-15\"\r\n\
            \"'  @SUM(A1)Bcc: x@y.z\",\"'+1 555\"\r\n\
            \"<script>, \u{645}\u{631}\u{62d}\u{628}\u{627}\",\"5\"\r\n";
        assert_eq!(table.text, expected);
    }
}
