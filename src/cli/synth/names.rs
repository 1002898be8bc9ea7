//! Names of people, and how names become addresses.

use std::collections::HashSet;

use super::random::{Pool, Purpose, Seed};

/// A name as people write it and as it stands in addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// Such as `Łukasz`.
    pub(super) written: String,
    /// Such as `lukasz`: letters, digits and hyphens of ASCII.
    pub(super) plain: String,
}

/// All given names and surnames, the more usual ones first.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) given: Pool<Name>,
    pub(super) surnames: Pool<Name>,
}

impl Names {
    pub(super) fn new() -> Self {
        let given = GIVEN.iter().map(|&name| name.to_owned());
        let more_given = joined(&GIVEN_STARTS, &GIVEN_ENDS);
        let surnames = SURNAMES.iter().map(|&name| name.to_owned());
        let more_surnames = joined(&SURNAME_STARTS, &SURNAME_ENDS);
        Self {
            given: Pool::falling(distinct(given.chain(more_given)), 0.8),
            surnames: Pool::falling(distinct(surnames.chain(more_surnames)), 0.7),
        }
    }
}

/// A pair of names and a number, all three together never given to two people.
#[derive(Clone, Copy, Debug)]
pub(super) struct FullName<'names> {
    pub(super) given: &'names Name,
    pub(super) surname: &'names Name,
    /// 1 for the first ones of that name.
    pub(super) number: u64,
}

impl FullName<'_> {
    /// Such as `anna.berg` and `anna.berg2`: no two people have the same.
    pub(super) fn address(&self) -> String {
        let (given, surname) = (&self.given.plain, &self.surname.plain);
        match self.number {
            1 => format!("{given}.{surname}"),
            number => format!("{given}.{surname}{number}"),
        }
    }
}

/// Hands a full name to every row, without a memory of the names that other rows have.
///
/// There is one long list of pairs, no pair twice. The first rows take one each; when the list is used
/// up it begins again with the next number.
#[derive(Debug)]
pub(super) struct NamePairs<'names> {
    pairs: Vec<(&'names Name, &'names Name)>,
}

/// How many rows pass before a number is needed.
const PAIRS: usize = 1 << 16;

impl<'names> NamePairs<'names> {
    pub(super) fn new(names: &'names Names, seed: Seed) -> Self {
        let mut generator = seed.generator(Purpose::NamePairs, 0);
        let mut taken = HashSet::with_capacity(PAIRS);
        let mut pairs = Vec::with_capacity(PAIRS);
        while pairs.len() < PAIRS {
            let pair = (names.given.draw(&mut generator), names.surnames.draw(&mut generator));
            if taken.insert(pair) {
                pairs.push(pair);
            }
        }
        Self { pairs }
    }

    /// The full name of row `index`.
    pub(super) fn of(&self, index: u64) -> FullName<'names> {
        let length = self.pairs.len() as u64;
        let place = usize::try_from(index % length).unwrap_or_default();
        #[expect(clippy::indexing_slicing, reason = "the place is a remainder of the length")]
        let (given, surname) = self.pairs[place];
        FullName { given, surname, number: index / length + 1 }
    }
}

/// How a name stands in an address: lower case, letters, digits and hyphens of ASCII.
pub(super) fn plain(name: &str) -> String {
    if let Some((_, plain)) = OTHER_SCRIPTS.iter().find(|(written, _)| *written == name) {
        return (*plain).to_owned();
    }
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match LETTERS.iter().find(|(letters, _)| letters.contains(letter)) {
            Some((_, base)) => plain.push_str(base),
            None if letter.is_ascii_alphanumeric() || letter == '-' => plain.push(letter),
            None => {}
        }
    }
    plain
}

/// Words whose plain forms differ, in their order.
fn distinct(words: impl Iterator<Item = String>) -> Vec<Name> {
    let mut taken = HashSet::new();
    words
        .map(|written| Name { plain: plain(&written), written })
        .filter(|name| taken.insert(name.plain.clone()))
        .collect()
}

/// Every start with every end. Neighbours differ in both, so that no stretch of the list looks alike.
pub(super) fn joined(starts: &[&str], ends: &[&str]) -> Vec<String> {
    let mut words = Vec::with_capacity(starts.len() * ends.len());
    for round in 0..ends.len() {
        for (place, start) in starts.iter().enumerate() {
            let end = ends.iter().cycle().nth(place + round);
            words.extend(end.map(|end| format!("{start}{end}")));
        }
    }
    words
}

const LETTERS: [(&str, &str); 21] = [
    ("áàâäãåāăą", "a"),
    ("æ", "ae"),
    ("ćčç", "c"),
    ("ďđð", "d"),
    ("éèêëěęēė", "e"),
    ("ğģ", "g"),
    ("íìîïīį", "i"),
    ("ķ", "k"),
    ("łľļ", "l"),
    ("ńñňņ", "n"),
    ("óòôöõøőō", "o"),
    ("œ", "oe"),
    ("řŕ", "r"),
    ("śšşș", "s"),
    ("ß", "ss"),
    ("ťțţ", "t"),
    ("þ", "th"),
    ("úùûüůűūų", "u"),
    ("ý", "y"),
    ("źžż", "z"),
    ("ı", "i"),
];

const OTHER_SCRIPTS: [(&str, &str); 12] = [
    ("Дмитрий", "dmitriy"),
    ("Оксана", "oksana"),
    ("Ελένη", "eleni"),
    ("Νίκος", "nikos"),
    ("伟", "wei"),
    ("由美", "yumi"),
    ("지훈", "jihoon"),
    ("Шевченко", "shevchenko"),
    ("Παππάς", "pappas"),
    ("王", "wang"),
    ("佐藤", "sato"),
    ("김", "kim"),
];

const GIVEN: [&str; 84] = [
    "Maria",
    "Anna",
    "Thomas",
    "David",
    "Sarah",
    "Daniel",
    "Laura",
    "Peter",
    "Elena",
    "Martin",
    "Sofia",
    "Andreas",
    "Julia",
    "Paul",
    "Eva",
    "Marco",
    "Nina",
    "Jan",
    "Lisa",
    "Mark",
    "Sandra",
    "Ali",
    "José",
    "Chloé",
    "Søren",
    "Zoë",
    "René",
    "Łukasz",
    "Jürgen",
    "Françoise",
    "Björn",
    "Åsa",
    "Márta",
    "Tomáš",
    "İbrahim",
    "Jean-Pierre",
    "Anna-Lena",
    "Mary-Ann",
    "Priya",
    "Rahul",
    "Ananya",
    "Arjun",
    "Mei",
    "Kenji",
    "Haruka",
    "Yusuf",
    "Fatima",
    "Omar",
    "Leila",
    "Amara",
    "Kwame",
    "Thabo",
    "Nomsa",
    "Diego",
    "Camila",
    "Mateo",
    "Valentina",
    "João",
    "Beatriz",
    "Ingrid",
    "Lars",
    "Freya",
    "Aoife",
    "Niamh",
    "Siobhán",
    "Callum",
    "Rhys",
    "Hannah",
    "Grace",
    "Oliver",
    "Emily",
    "Jack",
    "Olivia",
    "Noah",
    "Дмитрий",
    "Оксана",
    "Ελένη",
    "Νίκος",
    "伟",
    "由美",
    "지훈",
    "Ragnhild",
    "Þóra",
    "Věra",
];

const GIVEN_STARTS: [&str; 44] = [
    "Al", "Am", "An", "Ar", "Ben", "Bern", "Cal", "Car", "Cel", "Dar", "Dor", "Ed", "El", "Em", "Er", "Fel",
    "Fer", "Flor", "Gab", "Ger", "Hel", "Her", "Il", "Is", "Jos", "Kar", "Kat", "Leon", "Lor", "Luc", "Mar",
    "Mir", "Nat", "Nor", "Ol", "Osc", "Ram", "Ros", "Sab", "Sil", "Ter", "Val", "Vin", "Wil",
];

const GIVEN_ENDS: [&str; 32] = [
    "a", "an", "and", "ar", "ard", "e", "ea", "ela", "ena", "ene", "ert", "ette", "ia", "ian", "iana", "ica",
    "ice", "ienne", "ild", "ina", "ine", "inda", "io", "is", "ita", "o", "on", "ora", "us", "y", "é", "ía",
];

const SURNAMES: [&str; 80] = [
    "Smith",
    "Müller",
    "García",
    "Jones",
    "Novák",
    "Silva",
    "Kim",
    "Rossi",
    "Schmidt",
    "Martin",
    "Patel",
    "Nguyen",
    "Brown",
    "Kowalski",
    "Jansen",
    "Andersson",
    "Fernández",
    "Dubois",
    "Weber",
    "O'Brien",
    "Singh",
    "Chen",
    "Taylor",
    "Popescu",
    "Horváth",
    "Nielsen",
    "Hansen",
    "Korhonen",
    "Moreau",
    "Wagner",
    "Bianchi",
    "Santos",
    "Yılmaz",
    "Demir",
    "Haddad",
    "Okafor",
    "Mwangi",
    "Nkosi",
    "Tanaka",
    "Suzuki",
    "Li",
    "Zhang",
    "Park",
    "Gupta",
    "Reddy",
    "Khan",
    "Cohen",
    "Murphy",
    "O'Connor",
    "MacLeod",
    "D'Angelo",
    "de Vries",
    "van den Berg",
    "von Arnim",
    "Weiß",
    "Größl",
    "Łęcki",
    "Żak",
    "Šimić",
    "Đorđević",
    "Dvořák",
    "Çelik",
    "Şahin",
    "Åkesson",
    "Østby",
    "Ægisdóttir",
    "Bērziņš",
    "Kazlauskaitė",
    "Õunapuu",
    "Saint-Just",
    "Lopes-Pereira",
    "Шевченко",
    "Παππάς",
    "王",
    "佐藤",
    "김",
    "Núñez",
    "Muñoz",
    "Ibáñez",
    "Pérez",
];

const SURNAME_STARTS: [&str; 120] = [
    "Abel", "Acker", "Adler", "Albrecht", "Alm", "Amber", "Apfel", "Arn", "Ash", "Bach", "Baker", "Bäck",
    "Berg", "Birk", "Black", "Blom", "Böhm", "Brand", "Breit", "Brook", "Buch", "Burg", "Carl", "Castel",
    "Chester", "Cor", "Dahl", "Darling", "Dietz", "Dobr", "Dorn", "Dreier", "Eben", "Eich", "Ek", "Elling",
    "Engel", "Falk", "Feld", "Ferr", "Fin", "Fischer", "Fors", "Frei", "Gabriel", "Gold", "Gran", "Grün",
    "Gustaf", "Hag", "Hall", "Hart", "Hed", "Heller", "Hert", "Hill", "Holm", "Hög", "Ivan", "Jäger",
    "Jakob", "Kald", "Karl", "Kirch", "Kling", "Kov", "Kraft", "Kron", "Lager", "Land", "Lang", "Lichten",
    "Lind", "Lund", "Malm", "Marten", "Mayer", "Mon", "Nord", "Nyl", "Oberg", "Olof", "Öhl", "Palm", "Petr",
    "Pol", "Quist", "Raben", "Rein", "Ring", "Rosen", "Roth", "Rud", "Sand", "Schön", "Seeg", "Sieg", "Sjö",
    "Sokol", "Sonnen", "Stein", "Sten", "Stern", "Strand", "Sund", "Tann", "Thor", "Tal", "Ulr", "Vald",
    "Vest", "Vogel", "Wald", "West", "Wil", "Win", "Wolf", "Zeller", "Zim", "Zor",
];

const SURNAME_ENDS: [&str; 64] = [
    "auer", "bach", "bauer", "beck", "berg", "bo", "borg", "burn", "by", "czyk", "dahl", "dóttir", "é",
    "eau", "egger", "ek", "elli", "ems", "en", "er", "escu", "ez", "feld", "ford", "gaard", "gren", "hardt",
    "heim", "holt", "huber", "ic", "ides", "in", "ini", "issen", "ková", "kvist", "land", "ler", "ley",
    "lund", "mann", "mark", "meier", "nen", "oğlu", "opoulos", "ova", "rud", "sen", "shaw", "ski", "son",
    "stad", "stein", "ström", "sson", "tier", "ton", "vić", "wald", "wicz", "wood", "worth",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ascii_and_names_are_not() {
        let names = Names::new();
        for name in names.given.entries().iter().chain(names.surnames.entries()) {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(!name.plain.is_empty() && name.plain.bytes().all(fits), "{name:?}");
        }
        let foreign = names.surnames.entries().iter().filter(|name| !name.written.is_ascii()).count();
        assert!(foreign * 20 > names.surnames.entries().len(), "{foreign}");
        assert!(names.given.entries().len() > 1_000 && names.surnames.entries().len() > 6_000);
        assert_eq!(
            ["Łęcki", "Größl", "O'Brien", "van den Berg", "김"].map(plain),
            ["lecki", "grossl", "obrien", "vandenberg", "kim"]
        );
    }

    #[test]
    fn nobody_shares_an_address() {
        let names = Names::new();
        let pairs = NamePairs::new(&names, Seed(1));
        let count = PAIRS as u64 * 2 + 100;
        let addresses: HashSet<String> = (0..count).map(|row| pairs.of(row).address()).collect();
        assert_eq!(addresses.len() as u64, count);
        assert!(pairs.of(PAIRS as u64 + 5).address().ends_with('2'));
    }
}
