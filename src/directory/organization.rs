//! The tenant itself, as far as licenses depend on it.

use std::sync::LazyLock;

use super::error::{DataError, DataErrors};
use super::read::read_rows;
use super::row::Row;
use super::shape::{FieldKind, Shape};
use super::source::Source;
use crate::base::code;

/// The tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organization {
    /// The tenant's id.
    pub id: Option<String>,
    /// Its name.
    pub display_name: Option<String>,
    /// The directory's location, two letters: where users are licensed who have no location of their own.
    pub country_letter_code: Option<String>,
}

/// Reads the one organization of a text: a lone object, or a page or array with one entry.
///
/// # Errors
///
/// If the text is not what its format says, holds a value of the wrong type, a location that is not
/// two letters, or not exactly one organization.
pub fn read_organization(source: &Source<'_>) -> Result<Organization, DataErrors> {
    let mut found = read_rows(source, &ORGANIZATION, None, &organization)?;
    match (found.pop(), found.len()) {
        (Some(organization), 0) => Ok(organization),
        (popped, left) => {
            let count = left + usize::from(popped.is_some());
            let message = format!("expected one organization, found {count}");
            Err(DataError::new(&code::DATA_FIELD, source.file(), message).into())
        }
    }
}

static ORGANIZATION: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("id", FieldKind::Text),
        ("displayName", FieldKind::Text),
        ("countryLetterCode", FieldKind::Checked(check_country)),
    ])
});

fn check_country(text: &str) -> Result<(), &'static str> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if fits { Ok(()) } else { Err("the two letters of a country") }
}

fn organization(mut row: Row, _line: usize) -> Organization {
    Organization {
        id: row.text("id"),
        display_name: row.text("displayName"),
        country_letter_code: row.text("countryLetterCode"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::source::Format;

    fn read(text: &str) -> Result<Organization, String> {
        let source = Source::of_text("organization.json", text, Format::Json).unwrap();
        read_organization(&source).map_err(|errors| errors.to_string())
    }

    #[test]
    fn one_organization_in_any_wrapping() {
        let lone = r#"{"id": "t", "displayName": "Contoso", "countryLetterCode": "NO", "city": null}"#;
        let organization = read(lone).unwrap();
        assert_eq!(organization.country_letter_code.as_deref(), Some("NO"));
        assert_eq!(read(&format!("[{lone}]")), Ok(organization.clone()));
        assert_eq!(read(&format!("{{\"value\": [{lone}]}}")), Ok(organization));
    }

    #[test]
    fn none_several_and_a_long_location_are_refused() {
        insta::assert_snapshot!(read("[]").unwrap_err(), @"organization.json: expected one organization, found 0");
        insta::assert_snapshot!(read("[{}, {}]").unwrap_err(), @"organization.json: expected one organization, found 2");
        insta::assert_snapshot!(read(r#"{"countryLetterCode": "Norway"}"#).unwrap_err(), @r#"organization.json:1:23: field countryLetterCode: expected the two letters of a country, found "Norway""#);
    }
}
