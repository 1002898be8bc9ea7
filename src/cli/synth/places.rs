//! Countries, cities, offices and postal codes.

use super::names::joined;
use super::random::{Generator, Pool};

/// Where people work.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) countries: Pool<Country>,
    /// The cities of all countries, the bigger ones first.
    pub(super) cities: Pool<City>,
    /// The languages of all countries, each once.
    pub(super) languages: Pool<&'static str>,
}

/// A country and what follows from it.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) name: &'static str,
    /// Two letters.
    pub(super) code: &'static str,
    pub(super) language: &'static str,
    /// `EMEA`, `AMER` or `APAC`.
    pub(super) region: &'static str,
    /// The bigger ones first.
    pub(super) cities: Pool<City>,
}

/// A city with its offices.
#[derive(Clone, Debug)]
pub(super) struct City {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) region: &'static str,
    pub(super) offices: Pool<String>,
    /// The first of its [`POSTAL_CODES`] postal codes.
    postal_code: u32,
}

/// Postal codes of a city.
const POSTAL_CODES: u32 = 9;

impl Places {
    pub(super) fn new() -> Self {
        let towns = joined(&TOWN_STARTS, &TOWN_ENDS);
        let states = joined(&STATE_STARTS, &STATE_ENDS);
        let (mut towns, mut states) = (towns.into_iter(), states.iter().cycle());
        let mut number = 0;
        let mut countries = Vec::with_capacity(COUNTRIES.len());
        for (rank, &(name, code, language, region, cities)) in COUNTRIES.iter().enumerate() {
            // Bigger countries have more towns.
            let towns = towns.by_ref().take(6 + 240 / (rank + 4));
            let cities = cities.split(", ").map(str::to_owned).chain(towns);
            let cities: Vec<City> = cities
                .map(|name| {
                    number += 1;
                    City::new(name, states.by_ref().next().cloned().unwrap_or_default(), region, number)
                })
                .collect();
            countries.push(Country { name, code, language, region, cities: Pool::falling(cities, 1.0) });
        }
        // The first cities of all countries, then the second ones, …
        let most = countries.iter().map(|country| country.cities.entries().len()).max().unwrap_or_default();
        let ranked =
            (0..most).flat_map(|rank| countries.iter().filter_map(move |it| it.cities.entries().get(rank)));
        let cities = Pool::falling(ranked.cloned().collect(), 1.0);
        let mut languages: Vec<&str> = Vec::new();
        for country in &countries {
            if !languages.contains(&country.language) {
                languages.push(country.language);
            }
        }
        Self { countries: Pool::falling(countries, 0.9), cities, languages: Pool::falling(languages, 1.0) }
    }
}

impl City {
    fn new(name: String, state: String, region: &'static str, number: u32) -> Self {
        let office = |(kind, share): (&str, f64)| (format!("{name} {kind}"), share);
        let offices = Pool::shares([("HQ", 6.0), ("Campus", 3.0), ("Annex", 1.0)].map(office));
        // 37 has no factor in common with the number of codes, so neighbours lie far apart.
        let postal_code = 10_000 + number * POSTAL_CODES * 37 % 89_991;
        Self { name, state, region, offices, postal_code }
    }

    /// One of the city's postal codes.
    pub(super) fn postal_code(&self, generator: &mut Generator) -> String {
        use rand::RngExt;
        (self.postal_code + generator.random_range(0..POSTAL_CODES)).to_string()
    }
}

/// Name, code, language, region, and cities that everybody knows. Roughly in the order of their shares.
const COUNTRIES: [(&str, &str, &str, &str, &str); 48] = [
    ("United States", "US", "en-US", "AMER", "Chicago, New York, Seattle, Austin, Denver, Boston, Atlanta"),
    ("Germany", "DE", "de-DE", "EMEA", "Hamburg, Berlin, München, Köln, Nürnberg, Düsseldorf, Leipzig"),
    ("United Kingdom", "GB", "en-GB", "EMEA", "London, Leeds, Bristol, Edinburgh, Cardiff, Belfast"),
    ("India", "IN", "en-IN", "APAC", "Pune, Hyderabad, Chennai, Mumbai, Kochi, Jaipur"),
    ("France", "FR", "fr-FR", "EMEA", "Lyon, Paris, Nantes, Lille, Orléans, Besançon"),
    ("Canada", "CA", "en-CA", "AMER", "Toronto, Montréal, Calgary, Halifax, Québec"),
    ("Netherlands", "NL", "nl-NL", "EMEA", "Rotterdam, Utrecht, Eindhoven, 's-Hertogenbosch"),
    ("Poland", "PL", "pl-PL", "EMEA", "Warszawa, Kraków, Wrocław, Gdańsk, Łódź"),
    ("Spain", "ES", "es-ES", "EMEA", "Madrid, Valencia, Málaga, Cádiz, A Coruña"),
    ("Brazil", "BR", "pt-BR", "AMER", "São Paulo, Curitiba, Recife, Brasília"),
    ("Italy", "IT", "it-IT", "EMEA", "Torino, Bologna, Roma, Bari, L'Aquila"),
    ("Australia", "AU", "en-AU", "APAC", "Melbourne, Perth, Sydney, Brisbane"),
    ("Japan", "JP", "ja-JP", "APAC", "Osaka, Tokyo, Nagoya, Sapporo"),
    ("Mexico", "MX", "es-MX", "AMER", "Monterrey, Puebla, Mérida, León"),
    ("Switzerland", "CH", "de-CH", "EMEA", "Zürich, Basel, Genève, Bern"),
    ("Sweden", "SE", "sv-SE", "EMEA", "Göteborg, Stockholm, Malmö, Västerås"),
    ("China", "CN", "zh-CN", "APAC", "Shanghai, Shenzhen, Chengdu, Dalian"),
    ("Austria", "AT", "de-AT", "EMEA", "Wien, Graz, Linz"),
    ("Belgium", "BE", "nl-BE", "EMEA", "Antwerpen, Gent, Liège"),
    ("Singapore", "SG", "en-SG", "APAC", "Singapore"),
    ("Czechia", "CZ", "cs-CZ", "EMEA", "Brno, Praha, Plzeň"),
    ("Norway", "NO", "nb-NO", "EMEA", "Oslo, Bergen, Tromsø"),
    ("Denmark", "DK", "da-DK", "EMEA", "Aarhus, København, Næstved"),
    ("Finland", "FI", "fi-FI", "EMEA", "Tampere, Helsinki, Jyväskylä"),
    ("Ireland", "IE", "en-IE", "EMEA", "Cork, Dublin, Galway"),
    ("Romania", "RO", "ro-RO", "EMEA", "Cluj-Napoca, Timișoara, Iași"),
    ("Portugal", "PT", "pt-PT", "EMEA", "Porto, Lisboa, Évora"),
    ("Hungary", "HU", "hu-HU", "EMEA", "Budapest, Győr, Pécs"),
    ("South Africa", "ZA", "en-ZA", "EMEA", "Cape Town, Durban, Pretoria"),
    ("South Korea", "KR", "ko-KR", "APAC", "Busan, Seoul, Incheon"),
    ("Türkiye", "TR", "tr-TR", "EMEA", "Ankara, Bursa, Eskişehir"),
    ("Greece", "GR", "el-GR", "EMEA", "Thessaloniki, Athens, Patras"),
    ("Slovakia", "SK", "sk-SK", "EMEA", "Košice, Bratislava, Žilina"),
    ("United Arab Emirates", "AE", "ar-AE", "EMEA", "Dubai, Abu Dhabi"),
    ("Malaysia", "MY", "ms-MY", "APAC", "Penang, Kuala Lumpur"),
    ("Philippines", "PH", "en-PH", "APAC", "Cebu, Manila, Davao"),
    ("Vietnam", "VN", "vi-VN", "APAC", "Da Nang, Hanoi"),
    ("New Zealand", "NZ", "en-NZ", "APAC", "Auckland, Dunedin"),
    ("Argentina", "AR", "es-AR", "AMER", "Rosario, Buenos Aires, Córdoba"),
    ("Chile", "CL", "es-CL", "AMER", "Santiago, Valparaíso"),
    ("Colombia", "CO", "es-CO", "AMER", "Medellín, Bogotá"),
    ("Croatia", "HR", "hr-HR", "EMEA", "Zagreb, Split"),
    ("Bulgaria", "BG", "bg-BG", "EMEA", "Sofia, Plovdiv"),
    ("Estonia", "EE", "et-EE", "EMEA", "Tallinn, Pärnu"),
    ("Lithuania", "LT", "lt-LT", "EMEA", "Kaunas, Vilnius"),
    ("Ukraine", "UA", "uk-UA", "EMEA", "Lviv, Kyiv"),
    ("Kenya", "KE", "en-KE", "EMEA", "Nairobi, Mombasa"),
    ("Côte d'Ivoire", "CI", "fr-CI", "EMEA", "Abidjan, Yamoussoukro"),
];

const TOWN_STARTS: [&str; 36] = [
    "Alder", "Amsel", "Aven", "Bel", "Birken", "Bram", "Calder", "Clair", "Corn", "Dun", "Eiben", "Elm",
    "Fair", "Glen", "Gras", "Heron", "Kings", "Lauter", "Linden", "Mill", "Mont", "Neu", "North", "Otter",
    "Penn", "Quell", "Rav", "Sankt ", "Shel", "Storm", "Thorn", "Val", "Villa", "Weiden", "Wester", "York",
];

const TOWN_ENDS: [&str; 28] = [
    "aire", "bach", "borough", "bridge", "brück", "burg", "bury", "by", "dale", "dorf", "fjord", "ford",
    "furt", "haven", "heim", "holm", "ingen", "ley", "mar", "minster", "mouth", "rode", "stad", "stead",
    "ton", "vik", "ville", "wick",
];

const STATE_STARTS: [&str; 20] = [
    "Alt", "Bor", "Cam", "Dor", "East", "Fen", "Gal", "Hoch", "Ior", "Kar", "Lor", "Mor", "Nieder", "Ober",
    "Pal", "Rhen", "Sur", "Tir", "Unter", "Vor",
];

const STATE_ENDS: [&str; 10] =
    ["aine", "avia", "eria", "folk", "gau", "land", "mark", "ovia", "shire", "tal"];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn cities_are_many_and_differ() {
        let places = Places::new();
        let cities: HashSet<&str> = places.cities.entries().iter().map(|city| city.name.as_str()).collect();
        assert_eq!(cities.len(), places.cities.entries().len());
        assert!((900..1_600).contains(&cities.len()), "{}", cities.len());
        assert!(places.cities.entries().iter().any(|city| city.name.contains('\'')));
        let codes: HashSet<u32> = places.cities.entries().iter().map(|city| city.postal_code).collect();
        assert_eq!(codes.len(), cities.len());
        assert!(codes.iter().all(|code| (10_000..=99_990).contains(code)));
        assert_eq!(places.countries.entries().len(), COUNTRIES.len());
    }

    #[test]
    fn upper_case_takes_nothing_from_a_name() {
        // A capital sharp s would be two letters, and rules would not find it.
        for city in Places::new().cities.entries() {
            assert_eq!(city.name.to_uppercase().to_lowercase(), city.name.to_lowercase());
        }
    }
}
