//! A table for people: columns as wide as what stands in them, one of them cut where the line would get too
//! long, and notes below rows.

use std::io;

use anstyle::Style as Ansi;

use super::Style;
use super::palette::painted;
use super::printable::printable;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) align: Align,
    /// Whether it is cut where the line would get too long. At most one column should be.
    pub(super) is_cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

impl Column {
    /// A column of words.
    pub(super) const fn left(title: &'static str) -> Self {
        Self { title, align: Align::Left, is_cut: false }
    }

    /// A column of numbers.
    pub(super) const fn right(title: &'static str) -> Self {
        Self { title, align: Align::Right, is_cut: false }
    }

    /// A column of names, which may be long.
    pub(super) const fn names(title: &'static str) -> Self {
        Self { title, align: Align::Left, is_cut: true }
    }
}

/// What stands in one place.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    paint: Option<Ansi>,
}

impl Cell {
    /// A text, which may come from outside.
    pub(super) fn of(text: &str) -> Self {
        Self { text: printable(text).into_owned(), paint: None }
    }

    pub(super) fn painted(self, paint: Ansi) -> Self {
        Self { paint: Some(paint), ..self }
    }
}

/// A line of cells, and lines about it below.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) notes: Vec<String>,
}

/// Writes a header and rows. Notes are made printable and indented.
pub(super) fn write_table(
    columns: &[Column],
    rows: &[Row],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let widths = widths(columns, rows, style.width_max_columns);
    let titles =
        Row { cells: columns.iter().map(|column| Cell::of(column.title)).collect(), notes: Vec::new() };
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        let mut blanks = 0;
        for ((column, &width), cell) in columns.iter().zip(&widths).zip(&row.cells) {
            let text = cut(&cell.text, width);
            let missing = width - text.chars().count();
            let (before, after) = if column.align == Align::Left { (0, missing) } else { (missing, 0) };
            // Blanks at the end of a line are left out.
            line.extend(std::iter::repeat_n(' ', blanks + before));
            line.push_str(&cell.paint.map_or_else(|| text.clone(), |paint| painted(*style, paint, &text)));
            blanks = after + GAP;
        }
        writeln!(out, "{}", line.trim_end())?;
        for note in &row.notes {
            writeln!(out, "  {}", printable(note))?;
        }
    }
    Ok(())
}

/// Columns between columns.
const GAP: usize = 2;

/// A name is not cut shorter than this.
const NAME_MIN_COLUMNS: usize = 16;

fn widths(columns: &[Column], rows: &[Row], width_max_columns: usize) -> Vec<usize> {
    let widest = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.cells.get(at));
        let widest = cells.map(|cell| cell.text.chars().count()).max().unwrap_or_default();
        widest.max(column.title.chars().count())
    };
    let mut widths: Vec<usize> = columns.iter().enumerate().map(widest).collect();
    let whole = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
    let excess = whole.saturating_sub(width_max_columns);
    for (width, _) in widths.iter_mut().zip(columns).filter(|(_, column)| column.is_cut) {
        *width = width.saturating_sub(excess).max(NAME_MIN_COLUMNS.min(*width));
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A count of what came or went: `+3`, `-2`, or a dot for none.
pub(super) fn signed(count: u64, sign: char) -> String {
    if count == 0 { "·".to_owned() } else { format!("{sign}{count}") }
}

#[cfg(test)]
mod tests {
    use super::super::palette;
    use super::*;

    fn table(style: Style) -> String {
        let columns = [Column::right("members"), Column::names("name"), Column::left("status")];
        let row = |members: &str, name: &str, status: Cell, notes: &[&str]| Row {
            cells: vec![Cell::of(members), Cell::of(name), status],
            notes: notes.iter().map(|&note| note.to_owned()).collect(),
        };
        let rows = [
            row(
                "12",
                "Everybody who is somebody in the north",
                Cell::of("Failed").painted(palette::BAD),
                &["a\u{7}b"],
            ),
            row("1,000,000", "x\u{1b}[2J", Cell::of(""), &[]),
        ];
        let mut out = Vec::new();
        write_table(&columns, &rows, &style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_cut_where_lines_get_long() {
        insta::assert_snapshot!(table(Style::PLAIN), @r"
          members  name                                    status
               12  Everybody who is somebody in the north  Failed
          a\u{7}b
        1,000,000  x\u{1b}[2J
        ");
        let narrow = table(Style { width_max_columns: 40, ..Style::PLAIN });
        assert_eq!(narrow.lines().map(|line| line.chars().count()).max(), Some(40), "{narrow}");
        assert!(narrow.contains("Everybody who is som…  Failed"), "{narrow}");
        let narrowest = table(Style { width_max_columns: 0, ..Style::PLAIN });
        assert!(narrowest.contains("Everybody who i…  Failed"), "{narrowest}");
        assert!(table(Style { colour: true, ..Style::PLAIN }).contains("\u{1b}[31mFailed\u{1b}[0m\n"));
    }
}
