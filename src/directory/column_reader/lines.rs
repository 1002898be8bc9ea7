//! NDJSON files: pieces of some megabytes, each with whole lines, read by all workers. A file is never
//! in memory as a whole.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::Plan;
use super::json::RecordReader;
use super::part::Part;
use super::stop::Stop;
use crate::base::limits::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES};

/// Reads one object a line; `length` is how many bytes `input` holds, as far as that is known.
///
/// # Errors
///
/// If anything is not as it should be. What it is the row readers will tell.
pub(super) fn read_lines(input: impl Read + Send, length: u64, plan: &Plan<'_>) -> Result<Vec<Part>, Stop> {
    let workers = rayon::current_num_threads();
    let chunks = Mutex::new(Chunks::new(input, chunk_bytes(length, workers)));
    let mut parts: Vec<(usize, Part)> = (0..workers)
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            let parts = work(&chunks, plan);
            if parts.is_err() {
                // The other workers need not go on.
                chunks.lock().unwrap_or_else(PoisonError::into_inner).at_end = true;
            }
            parts
        })
        .collect::<Result<Vec<_>, Stop>>()?
        .into_iter()
        .flatten()
        .collect();
    parts.sort_unstable_by_key(|(number, _)| *number);
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}

/// Small files are cut into small chunks, so that all workers have some.
fn chunk_bytes(length: u64, workers: usize) -> usize {
    let share = usize::try_from(length).unwrap_or(usize::MAX) / workers.max(1) / 4;
    share.clamp(CHUNK_MIN_BYTES, CHUNK_MAX_BYTES)
}

/// Reads chunk after chunk until none is left.
fn work<R: Read>(chunks: &Mutex<Chunks<R>>, plan: &Plan<'_>) -> Result<Vec<(usize, Part)>, Stop> {
    let mut parts = Vec::new();
    let mut bytes = Vec::new();
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).next(&mut bytes);
        let Some(number) = next.map_err(|_| Stop::Refused)? else { return Ok(parts) };
        let text = std::str::from_utf8(&bytes).map_err(|_| Stop::Refused)?;
        let text = if number == 0 { text.strip_prefix('\u{FEFF}').unwrap_or(text) } else { text };
        parts.push((number, read_chunk(text, plan)?));
    }
}

fn read_chunk(text: &str, plan: &Plan<'_>) -> Result<Part, Stop> {
    let mut reader = RecordReader::new(&plan.shape, &plan.layout);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        let line = text.get(start..end).unwrap_or_default();
        if !line.trim_ascii().is_empty() {
            reader.read(line)?;
        }
        start = end + 1;
    }
    Ok(Part::of(reader.rows(), reader.finish()?))
}

/// Cuts a file into chunks of whole lines.
struct Chunks<R> {
    input: R,
    size: usize,
    /// The number of the next chunk.
    number: usize,
    /// The beginning of the line that the last chunk did not hold as a whole.
    rest: Vec<u8>,
    at_end: bool,
}

impl<R: Read> Chunks<R> {
    fn new(input: R, size: usize) -> Self {
        Self { input, size, number: 0, rest: Vec::new(), at_end: false }
    }

    /// Puts the next chunk into `bytes` and hands back its number; `None` at the end of the file.
    fn next(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<usize>> {
        bytes.clear();
        if self.at_end {
            return Ok(None);
        }
        bytes.append(&mut self.rest);
        loop {
            let before = bytes.len();
            bytes.reserve(self.size);
            let limit = u64::try_from(self.size).unwrap_or(u64::MAX);
            self.input.by_ref().take(limit).read_to_end(bytes)?;
            let new = bytes.get(before..).unwrap_or_default();
            if new.is_empty() {
                self.at_end = true;
                break;
            }
            if let Some(at) = memchr::memrchr(b'\n', new) {
                self.rest.extend_from_slice(new.get(at + 1..).unwrap_or_default());
                bytes.truncate(before + at + 1);
                break;
            }
        }
        let number = self.number;
        self.number += 1;
        Ok((!bytes.is_empty()).then_some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str, size: usize) -> Vec<String> {
        let mut chunks = Chunks::new(text.as_bytes(), size);
        let mut bytes = Vec::new();
        let mut all = Vec::new();
        while let Some(number) = chunks.next(&mut bytes).unwrap() {
            assert_eq!(number, all.len());
            all.push(String::from_utf8(bytes.clone()).unwrap());
        }
        all
    }

    #[test]
    fn chunks_hold_whole_lines_and_nothing_is_lost() {
        let text = "a\nbb\n\nccccccccccccc\nå\nlast";
        for size in 1..30 {
            let chunks = chunks(text, size);
            assert_eq!(chunks.concat(), text, "{size}");
            assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.ends_with('\n')), "{size}: {chunks:?}");
        }
        assert_eq!(chunks("", 5), [""; 0]);
        assert_eq!(chunks("\n", 5), ["\n"]);
        assert_eq!(chunks("abc\n", 2), ["abc\n"]);
    }

    #[test]
    fn chunks_fit_the_file() {
        assert_eq!(chunk_bytes(0, 2), CHUNK_MIN_BYTES);
        assert_eq!(chunk_bytes(u64::MAX, 2), CHUNK_MAX_BYTES);
        assert_eq!(chunk_bytes(8_000_000, 2), 1_000_000);
    }
}
