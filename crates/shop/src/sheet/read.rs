//! Reading somebody's table: CSV as Excel in Korea writes it (UTF-8, UTF-16, CP949), or XLSX. Everything about the
//! file is doubted: what it unpacks to, how large it says it is, what it calls itself.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
use encoding_rs::{EUC_KR, UTF_16BE, UTF_16LE};
use zip::ZipArchive;

/// The largest file.
pub(crate) const MAX_BYTES: usize = 10 * 1024 * 1024;
/// The most rows, the names of the columns included.
pub(crate) const MAX_ROWS: usize = 10_001;
/// The most columns.
const MAX_COLUMNS: usize = 80;
/// The longest text of a cell.
const MAX_CELL: usize = 5_000;
/// What an XLSX may unpack to, and in how many pieces.
const MAX_UNPACKED: u64 = 100 * 1024 * 1024;
const MAX_PIECES: usize = 500;

/// The rows of a table, each as long as its last filled cell.
pub(crate) type Grid = Vec<Vec<String>>;

/// Why a file is no table that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetFault {
    /// More bytes than a table of products has.
    TooManyBytes,
    /// It unpacks to more than anybody typed.
    Bomb,
    /// More rows, columns or letters than we take.
    TooManyCells,
    /// Excel's old format, or one that a password protects.
    OldExcel,
    /// Something else, or a table that broke off.
    NotATable,
    /// Letters that are of no encoding we know.
    Letters,
    /// Nothing in it.
    Empty,
}

/// The first sheet of the file, without empty rows at its end.
pub(crate) fn read(bytes: &[u8]) -> Result<Grid, SheetFault> {
    if bytes.len() > MAX_BYTES {
        return Err(SheetFault::TooManyBytes);
    }
    let mut grid = match bytes {
        [b'P', b'K', 3, 4, ..] => xlsx(bytes)?,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(SheetFault::OldExcel),
        _ => csv(bytes)?,
    };
    while grid.last().is_some_and(|row| row.iter().all(String::is_empty)) {
        grid.pop();
    }
    if grid.is_empty() { Err(SheetFault::Empty) } else { Ok(grid) }
}

fn csv(bytes: &[u8]) -> Result<Grid, SheetFault> {
    let text = letters(bytes)?;
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    let mark = [',', '\t', ';'].into_iter().max_by_key(|mark| (count(*mark), *mark == ',')).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(mark as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut grid = Grid::new();
    for record in reader.records() {
        let record = record.map_err(|_| SheetFault::NotATable)?;
        if grid.len() == MAX_ROWS || record.len() > MAX_COLUMNS {
            return Err(SheetFault::TooManyCells);
        }
        grid.push(record.iter().map(cell).collect::<Result<_, _>>()?);
    }
    Ok(grid)
}

/// The text of a CSV. Without a mark it is UTF-8 if it can be, UTF-16 if every other byte is nothing, and CP949 else.
fn letters(bytes: &[u8]) -> Result<String, SheetFault> {
    let nothing = |at: usize| bytes.iter().skip(at).step_by(2).take(200).filter(|byte| **byte == 0).count();
    let half = bytes.len().div_ceil(2).min(200);
    let encoding = match bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => return Ok(text.trim_start_matches('\u{feff}').to_owned()),
            _ if nothing(1) * 4 > half && nothing(0) == 0 => UTF_16LE,
            _ if nothing(0) * 4 > half && nothing(1) == 0 => UTF_16BE,
            _ => EUC_KR,
        },
    };
    let (text, _, broken) = encoding.decode(bytes);
    let strange = text.chars().any(|c| c == '\0' || c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if broken || strange { Err(SheetFault::Letters) } else { Ok(text.into_owned()) }
}

fn cell(text: &str) -> Result<String, SheetFault> {
    let text = text.trim();
    if text.chars().count() > MAX_CELL { Err(SheetFault::TooManyCells) } else { Ok(text.to_owned()) }
}

fn xlsx(bytes: &[u8]) -> Result<Grid, SheetFault> {
    unpacks_to_little(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| SheetFault::NotATable)?;
    let first = book.sheet_names().first().cloned().ok_or(SheetFault::NotATable)?;
    // Cell by cell: a table of two cells, a million rows apart, must not be laid out.
    let mut cells = book.worksheet_cells_reader(&first).map_err(|_| SheetFault::NotATable)?;
    let mut grid = Grid::new();
    while let Some(next) = cells.next_cell().map_err(|_| SheetFault::NotATable)? {
        let text = cell(&said(next.get_value()))?;
        if text.is_empty() {
            continue;
        }
        let (row, column) = next.get_position();
        let (row, column) = (row as usize, column as usize);
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return Err(SheetFault::TooManyCells);
        }
        if grid.len() <= row {
            grid.resize(row + 1, Vec::new());
        }
        if grid[row].len() <= column {
            grid[row].resize(column + 1, String::new());
        }
        grid[row][column] = text;
    }
    Ok(grid)
}

/// A cell as it is seen: whole numbers without a point.
fn said(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(true) => "예".to_owned(),
        DataRef::Bool(false) => "아니오".to_owned(),
        DataRef::DateTime(at) => at.to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Unpacks every piece into nothing, for what a file says of its own size may be a lie.
fn unpacks_to_little(bytes: &[u8]) -> Result<(), SheetFault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| SheetFault::NotATable)?;
    if archive.len() > MAX_PIECES {
        return Err(SheetFault::Bomb);
    }
    let mut left = MAX_UNPACKED;
    for at in 0..archive.len() {
        let piece = archive.by_index(at).map_err(|_| SheetFault::NotATable)?;
        let read = std::io::copy(&mut piece.take(left + 1), &mut std::io::sink());
        left = left.checked_sub(read.map_err(|_| SheetFault::NotATable)?).ok_or(SheetFault::Bomb)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const TABLE: &str = "이름,값\r\n고등어,\"12,000\"\r\n\"갈치, 은\",9000\r\n,\r\n";

    fn expected() -> Grid {
        [["이름", "값"], ["고등어", "12,000"], ["갈치, 은", "9000"]]
            .map(|row| row.map(str::to_owned).to_vec())
            .to_vec()
    }

    /// A workbook whose one sheet is this.
    fn book(sheet: &str) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        for (name, text) in [
            (
                "[Content_Types].xml",
                r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_owned(),
            ),
            (
                "_rels/.rels",
                format!(
                    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r0" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    r#"<workbook xmlns="{main}" xmlns:r="{rels}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>"#
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="{rels}/worksheet" Target="worksheets/a.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/worksheets/a.xml",
                format!(r#"<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>"#),
            ),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_table_is_read_in_every_encoding_that_excel_writes() {
        let utf_16 = |big: bool| -> Vec<u8> {
            TABLE
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect()
        };
        let (cp949, _, _) = EUC_KR.encode(TABLE);
        for (name, bytes) in [
            ("UTF-8", TABLE.as_bytes().to_vec()),
            ("UTF-8 with its mark", [b"\xef\xbb\xbf", TABLE.as_bytes()].concat()),
            ("UTF-16 LE", [vec![0xff, 0xfe], utf_16(false)].concat()),
            ("UTF-16 BE", [vec![0xfe, 0xff], utf_16(true)].concat()),
            ("UTF-16 without its mark", utf_16(false)),
            ("CP949", cp949.into_owned()),
            ("tabs", "이름\t값\n고등어\t12,000\n갈치, 은\t9000\n".as_bytes().to_vec()),
        ] {
            assert_eq!(read(&bytes), Ok(expected()), "{name}");
        }
    }

    #[test]
    fn a_workbook_is_read_cell_by_cell() {
        let sheet = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>이름</t></is></c><c r="B1" t="inlineStr"><is><t>값</t></is></c></row>
            <row r="2"><c r="A2" t="inlineStr"><is><t>고등어</t></is></c><c r="B2" t="inlineStr"><is><t>12,000</t></is></c></row>
            <row r="3"><c r="A3" t="inlineStr"><is><t>갈치, 은</t></is></c><c r="B3"><v>9000.0</v></c></row>"#;
        assert_eq!(read(&book(sheet)), Ok(expected()));
        let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
        assert_eq!(read(&book(far)), Err(SheetFault::TooManyCells));
    }

    #[test]
    fn what_is_no_table_is_refused_before_it_costs_anything() {
        let bomb = "<row>".to_owned() + &" ".repeat(120 * 1024 * 1024) + "</row>";
        let bomb = book(&bomb);
        assert!(bomb.len() < MAX_BYTES, "a bomb is small");
        for (bytes, fault) in [
            (bomb, SheetFault::Bomb),
            (vec![b'a'; MAX_BYTES + 1], SheetFault::TooManyBytes),
            (b"PK\x03\x04 and then nothing".to_vec(), SheetFault::NotATable),
            (vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1], SheetFault::OldExcel),
            (vec![0x89, b'P', b'N', b'G', 0, 1, 2, 0xff, 0xfe, 0x80], SheetFault::Letters),
            (Vec::new(), SheetFault::Empty),
            (b"\n,\n,,\n".to_vec(), SheetFault::Empty),
            ("a,".repeat(200).into_bytes(), SheetFault::TooManyCells),
            ("a\n".repeat(MAX_ROWS + 1).into_bytes(), SheetFault::TooManyCells),
            ("가".repeat(MAX_CELL + 1).into_bytes(), SheetFault::TooManyCells),
        ] {
            assert_eq!(read(&bytes), Err(fault), "{:?}", &bytes[..bytes.len().min(12)]);
        }
    }
}
