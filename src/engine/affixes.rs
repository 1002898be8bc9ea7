//! Texts that values begin with, end with or equal, found through eight bytes of the value.

use hashbrown::HashMap;

use super::text_tests::Place;

/// Texts that a value can begin with, or else end with, by what they have at that edge.
#[derive(Debug, Default)]
pub(super) struct Affixes<'p> {
    /// Satisfied by every value.
    empty: Vec<Place>,
    /// Texts shorter than a key, by length.
    short: Vec<ShortTexts<'p>>,
    long: Option<LongTexts<'p>>,
    edge: Edge,
}

/// The end of a value that is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Edge {
    #[default]
    Start,
    End,
}

/// A text to look for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affix<'p> {
    /// In folded form.
    pub(super) text: &'p str,
    /// Whether it is the whole value.
    pub(super) whole: bool,
    /// The test.
    pub(super) place: Place,
}

/// Bytes that are looked at at once.
const KEY_BYTES: usize = 8;

impl<'p> Affixes<'p> {
    pub(super) fn new(texts: Vec<Affix<'p>>, edge: Edge) -> Self {
        let mut affixes = Self { edge, ..Self::default() };
        let mut long = Vec::new();
        let mut by_length: Vec<Vec<Affix<'p>>> = vec![Vec::new(); KEY_BYTES];
        for affix in texts {
            match (affix.text.len(), by_length.get_mut(affix.text.len())) {
                (0, _) if !affix.whole => affixes.empty.push(affix.place),
                (_, Some(same)) => same.push(affix),
                (_, None) => long.push(affix),
            }
        }
        let filled = by_length.into_iter().enumerate().filter(|(_, texts)| !texts.is_empty());
        affixes.short = filled.map(|(length, texts)| ShortTexts::new(length, texts, edge)).collect();
        affixes.long = (!long.is_empty()).then(|| LongTexts::new(&long, edge));
        affixes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.empty.is_empty() && self.short.is_empty() && self.long.is_none()
    }

    /// Calls `hit` with the tests that a value satisfies.
    #[inline]
    pub(super) fn find(&self, value: &[u8], hit: &mut impl FnMut(Place)) {
        for &place in &self.empty {
            hit(place);
        }
        if !self.short.is_empty() {
            let key = edge_key(value, self.edge);
            for texts in &self.short {
                texts.find(key, value.len(), hit);
            }
        }
        if let Some(long) = &self.long {
            long.find(value, self.edge, hit);
        }
    }
}

/// Texts of one length that fit a key: equal keys are equal texts.
#[derive(Debug)]
struct ShortTexts<'p> {
    length: usize,
    mask: u64,
    index: Index<'p>,
}

impl<'p> ShortTexts<'p> {
    fn new(length: usize, texts: Vec<Affix<'p>>, edge: Edge) -> Self {
        let bits = u32::try_from(length * 8).unwrap_or(u64::BITS);
        let ones = u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0);
        let mask = if edge == Edge::Start { ones } else { ones.checked_shl(u64::BITS - bits).unwrap_or(0) };
        let keyed = texts.into_iter().map(|affix| (edge_key(affix.text.as_bytes(), edge), affix));
        Self { length, mask, index: Index::new(keyed) }
    }

    #[inline]
    fn find(&self, key: u64, value_bytes: usize, hit: &mut impl FnMut(Place)) {
        if value_bytes < self.length {
            return;
        }
        for affix in self.index.get(key & self.mask) {
            if !affix.whole || value_bytes == self.length {
                hit(affix.place);
            }
        }
    }
}

/// Texts of at least a key's length.
#[derive(Debug)]
struct LongTexts<'p> {
    /// How far from the edge the key stands: where the texts differ most.
    distance: usize,
    index: Index<'p>,
}

impl<'p> LongTexts<'p> {
    fn new(texts: &[Affix<'p>], edge: Edge) -> Self {
        let shortest = texts.iter().map(|affix| affix.text.len()).min().unwrap_or(KEY_BYTES);
        let keys = |distance: usize| {
            let mut keys: Vec<u64> =
                texts.iter().map(|affix| inner_key(affix.text.as_bytes(), edge, distance)).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        // Of equally good places the one nearest to the edge.
        let distance = (0..=shortest - KEY_BYTES).rev().max_by_key(|&distance| keys(distance)).unwrap_or(0);
        let keyed: Vec<(u64, Affix<'p>)> =
            texts.iter().map(|affix| (inner_key(affix.text.as_bytes(), edge, distance), *affix)).collect();
        Self { distance, index: Index::new(keyed) }
    }

    #[inline]
    fn find(&self, value: &[u8], edge: Edge, hit: &mut impl FnMut(Place)) {
        if value.len() < self.distance + KEY_BYTES {
            return;
        }
        for affix in self.index.get(inner_key(value, edge, self.distance)) {
            let text = affix.text.as_bytes();
            let fits = if edge == Edge::Start { value.starts_with(text) } else { value.ends_with(text) };
            if fits && (!affix.whole || value.len() == text.len()) {
                hit(affix.place);
            }
        }
    }
}

/// Texts by key.
#[derive(Debug)]
struct Index<'p> {
    /// A bit for each hash of a key: most values stop here. It fits the first-level cache.
    filter: Box<[u64; FILTER_WORDS]>,
    texts: HashMap<u64, Vec<Affix<'p>>>,
}

/// A few hundred texts leave the filter almost empty.
const FILTER_WORDS: usize = 512;

impl<'p> Index<'p> {
    fn new(keyed: impl IntoIterator<Item = (u64, Affix<'p>)>) -> Self {
        let mut index = Self { filter: Box::new([0; FILTER_WORDS]), texts: HashMap::new() };
        for (key, affix) in keyed {
            let (word, bit) = filter_place(key);
            if let Some(word) = index.filter.get_mut(word) {
                *word |= bit;
            }
            index.texts.entry(key).or_default().push(affix);
        }
        index
    }

    #[inline]
    fn get(&self, key: u64) -> &[Affix<'p>] {
        let (word, bit) = filter_place(key);
        if self.filter.get(word).is_none_or(|word| word & bit == 0) {
            return &[];
        }
        self.texts.get(&key).map(Vec::as_slice).unwrap_or_default()
    }
}

#[inline]
fn filter_place(key: u64) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // The top bits are the well mixed ones.
    let at = usize::try_from(hash >> (u64::BITS - (FILTER_WORDS * 64).trailing_zeros())).unwrap_or(0);
    (at / 64 % FILTER_WORDS, 1 << (at % 64))
}

/// The bytes at the edge of a text; bytes that it does not have are zero, on the far side.
#[inline]
fn edge_key(text: &[u8], edge: Edge) -> u64 {
    match edge {
        Edge::Start => match text.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => text.iter().rev().fold(0, |key, &byte| (key << 8) | u64::from(byte)),
        },
        Edge::End => match text.last_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => text.iter().fold(0, |key, &byte| (key >> 8) | (u64::from(byte) << 56)),
        },
    }
}

/// The bytes of a text `distance` bytes away from its edge. INVARIANT: the text is long enough.
#[inline]
fn inner_key(text: &[u8], edge: Edge, distance: usize) -> u64 {
    let bytes = match edge {
        Edge::Start => text.get(distance..).and_then(<[u8]>::first_chunk),
        Edge::End => text.get(..text.len() - distance).and_then(<[u8]>::last_chunk),
    };
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_affix_is_found_and_no_other(
            texts in prop::collection::vec(("[ab]{0,3}|x{7}[ab]{0,4}|[ab]{2}x{8}", any::<bool>()), 0..12),
            values in prop::collection::vec("[ab]{0,4}|x{7}[ab]{0,4}|[abx]{0,12}", 1..12),
            at_end in any::<bool>(),
        ) {
            let edge = if at_end { Edge::End } else { Edge::Start };
            let affix = |(place, (text, whole)): (u32, &(String, bool))| (place, text.clone(), *whole);
            let wanted: Vec<(u32, String, bool)> = (0..).zip(&texts).map(affix).collect();
            let affixes = Affixes::new(
                wanted.iter().map(|(place, text, whole)| Affix { text, whole: *whole, place: *place }).collect(),
                edge,
            );
            for value in &values {
                let mut found = Vec::new();
                affixes.find(value.as_bytes(), &mut |place| found.push(place));
                found.sort_unstable();
                let fits = |text: &str| if at_end { value.ends_with(text) } else { value.starts_with(text) };
                let expected: Vec<u32> = wanted
                    .iter()
                    .filter(|(_, text, whole)| fits(text) && (!whole || text == value))
                    .map(|(place, ..)| *place)
                    .collect();
                prop_assert_eq!(found, expected, "{:?} in {:?}", &wanted, value);
            }
        }
    }

    #[test]
    fn the_key_stands_where_the_texts_differ() {
        let texts = ["ou=a,dc=contoso", "ou=b,dc=contoso", "ou=c,dc=contoso"];
        let affixes: Vec<Affix> = texts.iter().map(|text| Affix { text, whole: false, place: 0 }).collect();
        let long = LongTexts::new(&affixes, Edge::End);
        assert_eq!(long.index.texts.len(), 3);
    }
}
