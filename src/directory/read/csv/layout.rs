//! How the text of one CSV record is cut into cells: for the places of faults, and because the parser
//! takes quotes that a careful reader would ask about.

/// The byte at which a cell begins, quotes included; the end of the record for a cell it lacks.
pub(super) fn cell_start(raw: &str, cell: usize) -> usize {
    cells(raw).nth(cell).map_or(raw.trim_end_matches(['\r', '\n']).len(), |cell| cell.start)
}

/// The place of a quote that makes the record doubtful, and what is wrong with it.
pub(in crate::directory) fn quoting_fault(raw: &str) -> Option<(usize, &'static str)> {
    if !raw.contains('"') {
        return None;
    }
    cells(raw).find_map(|cell| match cell.ending {
        Ending::Clean => None,
        Ending::Unclosed => Some((cell.start, "the quote that begins here is never closed")),
        Ending::TextAfterQuote(at) => {
            Some((at, "text follows a closing quote; a quote inside a quoted cell is written twice"))
        }
    })
}

struct Cell {
    start: usize,
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Clean,
    Unclosed,
    /// At this byte.
    TextAfterQuote(usize),
}

/// The cells of one record. It may end with a line feed, or with several where lines are empty.
fn cells(raw: &str) -> impl Iterator<Item = Cell> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = raw.get(start..).unwrap_or_default();
        let (length, ending) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, start),
            None => (plain_length(rest), Ending::Clean),
        };
        let after = raw.get(start + length..).unwrap_or_default();
        next = after.starts_with(',').then_some(start + length + 1);
        Some(Cell { start, ending })
    })
}

/// The length of a quoted cell whose opening quote stands at `start`, quotes included.
fn quoted_cell(quoted: &str, start: usize) -> (usize, Ending) {
    let mut from = 0;
    while let Some(found) = quoted.get(from..).and_then(|rest| rest.find('"')) {
        let after = from + found + 1;
        let rest = quoted.get(after..).unwrap_or_default();
        if rest.starts_with('"') {
            from = after + 1;
            continue;
        }
        let length = plain_length(rest);
        let ending = if length == 0 { Ending::Clean } else { Ending::TextAfterQuote(start + 1 + after) };
        return (1 + after + length, ending);
    }
    (1 + quoted.len(), Ending::Unclosed)
}

fn plain_length(text: &str) -> usize {
    text.find([',', '\r', '\n']).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_begin_behind_commas_outside_quotes() {
        let raw = "a,\"b,\n\"\"c\"\"\",,d\r\n\n";
        let starts: Vec<_> = (0..5).map(|cell| cell_start(raw, cell)).collect();
        assert_eq!(starts, [0, 2, 13, 14, 15]);
        assert_eq!(quoting_fault(raw), None);
    }

    #[test]
    fn doubtful_quotes_are_found() {
        let at = |raw| quoting_fault(raw).map(|(at, message)| (at, message.contains("never")));
        assert_eq!(at("a,\"b\n"), Some((2, true)));
        assert_eq!(at("a,\"b\"\""), Some((2, true)));
        assert_eq!(at("a,\"b\"c,d\n"), Some((5, false)));
        assert_eq!(at("a,5\" disk,\"\"\n"), None);
    }
}
