//! Rows of users and devices, before they take the form of a file.

use std::borrow::Cow;

use jiff::Timestamp;

use super::products::{AssignedPlan, Product};
use crate::language::attribute::{Attributes, Subject};

/// What one object has of one column.
#[derive(Clone, Debug)]
pub(super) enum Cell<'tenant> {
    Null,
    Boolean(bool),
    Text(Cow<'tenant, str>),
    Instant(Timestamp),
    Texts(Vec<String>),
    Plans(Vec<AssignedPlan<'tenant>>),
    Licenses(Vec<&'tenant Product>),
}

impl<'tenant> Cell<'tenant> {
    /// A text, or nothing.
    pub(super) fn text(text: Option<impl Into<Cow<'tenant, str>>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a collection of texts; none where there is no collection.
    pub(super) fn as_texts(&self) -> &[String] {
        match self {
            Self::Texts(texts) => texts,
            _ => &[],
        }
    }

    /// The service plans; none where there is no collection.
    pub(super) fn as_plans(&self) -> &[AssignedPlan<'tenant>] {
        match self {
            Self::Plans(plans) => plans,
            _ => &[],
        }
    }

    /// The licensed products; none where there is no collection.
    pub(super) fn as_licenses(&self) -> &[&'tenant Product] {
        match self {
            Self::Licenses(products) => products,
            _ => &[],
        }
    }
}

/// One object: a cell for each column of its table.
pub(super) type Row<'tenant> = Vec<Cell<'tenant>>;

/// The type of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    Boolean,
    Text,
    /// The id of another object. Graph wraps it in an object.
    Reference,
    Instant,
    Texts,
    Plans,
    Licenses,
}

/// One column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The rule's spelling, such as `physicalDeliveryOfficeName`.
    pub(super) name: &'static str,
    /// Graph's spelling, its parts joined by dots, such as `officeLocation`.
    pub(super) graph_name: String,
    pub(super) kind: CellKind,
}

impl Column {
    pub(super) fn new(subject: Subject, name: &'static str, kind: CellKind) -> Self {
        let attribute = Attributes::standard().find(subject, name);
        let graph_name = match (name, attribute) {
            ("managerId", _) => "manager".to_owned(),
            (_, Some(attribute)) if !attribute.is_directory_extension() => attribute.graph_name.to_string(),
            // What rules do not know by this name: `id`, and what only licenses look at.
            _ => name.to_owned(),
        };
        Self { name, graph_name, kind }
    }
}

/// A table whose rows are made when they are asked for.
pub(super) struct Table<'tenant> {
    pub(super) columns: Vec<Column>,
    pub(super) rows: u64,
    /// Makes the row of a number, counted from 0.
    pub(super) row: Box<dyn Fn(u64) -> Row<'tenant> + Sync + 'tenant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_know_their_names_in_graph() {
        let graph_name = |subject, name| Column::new(subject, name, CellKind::Text).graph_name;
        assert_eq!(graph_name(Subject::User, "dirSyncEnabled"), "onPremisesSyncEnabled");
        assert_eq!(
            graph_name(Subject::User, "extensionAttribute3"),
            "onPremisesExtensionAttributes.extensionAttribute3"
        );
        assert_eq!(graph_name(Subject::Device, "deviceOSType"), "operatingSystem");
        assert_eq!(graph_name(Subject::User, "managerId"), "manager");
        assert_eq!(graph_name(Subject::User, "id"), "id");
    }
}
