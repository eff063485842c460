//! Sheets: tables for a spreadsheet. Excel reads UTF-8 only behind a mark, and runs whatever begins like a formula;
//! a buyer's name must never be one.

pub(crate) mod read;

use std::borrow::Cow;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// Tells Excel that what follows is UTF-8.
const MARK: &str = "\u{feff}";
/// What a spreadsheet takes for the beginning of a formula, in either width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A cell: words, which somebody may have written with an intention, or a number of ours.
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    Empty,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Cell<'a> {
        Cell::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Cell::Text(text.into())
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Number(number)
    }
}

impl Cell<'_> {
    fn written(&self) -> Cow<'_, str> {
        match self {
            Cell::Text(text) if text.starts_with(FORMULA) => Cow::Owned(format!("'{text}")),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Number(number) => Cow::Owned(number.to_string()),
            Cell::Empty => Cow::Borrowed(""),
        }
    }
}

/// A piece of a sheet: some rows of it.
pub(crate) struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// The first piece, with its mark and the names of the columns.
    pub(crate) fn begin(heads: &[String]) -> Sheet {
        let mut sheet = Sheet::from(MARK.as_bytes().to_vec());
        sheet.row(heads.iter().map(|head| Cell::from(head.as_str())));
        sheet
    }

    /// A further piece.
    pub(crate) fn more() -> Sheet {
        Sheet::from(Vec::new())
    }

    fn from(bytes: Vec<u8>) -> Sheet {
        Sheet(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes))
    }

    /// Adds a row.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        let cells: Vec<Cell<'a>> = cells.into_iter().collect();
        self.0
            .write_record(cells.iter().map(|cell| cell.written().into_owned()))
            .expect("rows of one length into memory cannot fail");
    }

    /// The bytes.
    pub(crate) fn end(self) -> Bytes {
        self.0.into_inner().expect("a flush into memory cannot fail").into()
    }
}

/// The answer that a browser keeps as a file.
pub(crate) fn download(name: &str, body: impl Into<axum::body::Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body.into()).into_response()
}

/// A phone's number with its hyphens, without which a spreadsheet eats the first zero.
pub(crate) fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(|one| !matches!(one, '-' | ' ' | '.')).collect();
    let is_mobile =
        digits.len() == 11 && digits.starts_with("01") && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_mobile { format!("{}-{}-{}", &digits[..3], &digits[3..7], &digits[7..]) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_formula_and_a_number_stays_one() {
        let mut sheet = Sheet::begin(&["이름".into(), "값".into()]);
        for name in ["=HYPERLINK(\"http://x\",\"a\")", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "김=영희", ""]
        {
            sheet.row([Cell::from(name), Cell::from(-3_000)]);
        }
        let text = String::from_utf8(sheet.end().to_vec()).unwrap();
        let expected = "\u{feff}이름,값\r\n\"'=HYPERLINK(\"\"http://x\"\",\"\"a\"\")\",-3000\r\n'+1,-3000\r\n'-1,-3000\r\n\
            '@SUM(A1),-3000\r\n'\t=1,-3000\r\n'＝1,-3000\r\n김=영희,-3000\r\n,-3000\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn phones_keep_their_zero() {
        for (typed, written) in [
            ("01012345678", "010-1234-5678"),
            ("010 1234 5678", "010-1234-5678"),
            ("02-1234-5678", "02-1234-5678"),
            ("+82 10 1234 5678", "+82 10 1234 5678"),
        ] {
            assert_eq!(phone(typed), written);
        }
    }
}
