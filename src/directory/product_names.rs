//! Names of products and service plans that people know, from a table that the tenant's owner provides: Graph tells
//! only short ones.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use super::error::DataErrors;
use super::read::read_rows;
use super::row::Row;
use super::shape::{FieldKind, Shape};
use super::source::{Format, Source, read_text};
use crate::base::limits::PRODUCT_NAMES_FILE_MAX_BYTES;

/// The names of products and service plans by their GUIDs.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dyngroup::directory::product_names::ProductNames;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("products.csv");
/// std::fs::write(
///     &path,
///     "Product_Display_Name,String_Id,GUID,Service_Plan_Name,Service_Plan_Id,Service_Plans_Included_Friendly_Names\n\
///      Office Deluxe,OFFICE_X,6f00,MAIL_X,7a00,Mail Deluxe\n",
/// )?;
/// let names = ProductNames::read(&path)?;
/// assert_eq!((names.product("6F00"), names.plan("7a00")), (Some("Office Deluxe"), Some("Mail Deluxe")));
/// assert_eq!(names.product("7a00"), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductNames {
    products: HashMap<String, String>,
    plans: HashMap<String, String>,
}

impl ProductNames {
    /// Reads the names in the CSV file at `path`: a record for each service plan of each product, with a header in
    /// the form that Microsoft publishes (`Product_Display_Name`, `String_Id`, `GUID`, `Service_Plan_Name`,
    /// `Service_Plan_Id`, `Service_Plans_Included_Friendly_Names`) or with `product_name`, `sku_part_number`,
    /// `sku_id`, `service_plan_name`, `service_plan_id` and `service_plan_friendly_name`, in any letter case and
    /// order. The name and the GUID of the product have to be there; other columns are passed over.
    ///
    /// A GUID that comes up with several names has the first one. A service plan without a friendly name has its
    /// short one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is larger than [`PRODUCT_NAMES_FILE_MAX_BYTES`], is no such CSV, or a record has
    /// no name or GUID of a product.
    pub fn read(path: &Path) -> Result<Self, DataErrors> {
        let text = read_text(path, PRODUCT_NAMES_FILE_MAX_BYTES)?;
        Self::of(&Source::of_text(path, &text, Format::Csv)?)
    }

    /// The name of a product by its GUID, in any letter case.
    pub fn product(&self, sku_id: &str) -> Option<&str> {
        self.products.get(&sku_id.to_ascii_lowercase()).map(String::as_str)
    }

    /// The name of a service plan by its GUID, in any letter case.
    pub fn plan(&self, plan_id: &str) -> Option<&str> {
        self.plans.get(&plan_id.to_ascii_lowercase()).map(String::as_str)
    }

    fn of(source: &Source<'_>) -> Result<Self, DataErrors> {
        let mut names = Self::default();
        let records = read_rows(source, &TABLE, None, &|row, _| row)?;
        for row in records {
            names.add(row);
        }
        Ok(names)
    }

    fn add(&mut self, mut row: Row) {
        let mut text =
            |name| row.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if let (Some(id), Some(name)) = (text(PRODUCT_ID), text(PRODUCT_NAME)) {
            self.products.entry(id.to_ascii_lowercase()).or_insert(name);
        }
        let (friendly, short) = (text(PLAN_FRIENDLY_NAME), text(PLAN_NAME));
        if let (Some(id), Some(name)) = (text(PLAN_ID), friendly.or(short)) {
            self.plans.entry(id.to_ascii_lowercase()).or_insert(name);
        }
    }
}

const PRODUCT_NAME: &str = "product_name";
const PRODUCT_ID: &str = "sku_id";
const PLAN_NAME: &str = "service_plan_name";
const PLAN_ID: &str = "service_plan_id";
const PLAN_FRIENDLY_NAME: &str = "service_plan_friendly_name";

static TABLE: LazyLock<Shape<'static>> = LazyLock::new(|| {
    let columns = [PRODUCT_NAME, PRODUCT_ID, PLAN_NAME, PLAN_ID, PLAN_FRIENDLY_NAME];
    let published = [
        ("Product_Display_Name", PRODUCT_NAME),
        ("GUID", PRODUCT_ID),
        ("Service_Plans_Included_Friendly_Names", PLAN_FRIENDLY_NAME),
    ];
    Shape::new(columns.map(|name| (name, FieldKind::Text)))
        .or_called(published)
        .require([PRODUCT_NAME, PRODUCT_ID])
});

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProductNames, String> {
        let source =
            Source::of_text("products.csv", text, Format::Csv).map_err(|errors| errors.to_string())?;
        ProductNames::of(&source).map_err(|errors| errors.to_string())
    }

    #[test]
    fn both_headers_say_the_same() {
        let published = "\u{FEFF}Product_Display_Name,String_Id,GUID,Service_Plan_Name,Service_Plan_Id,Service_Plans_Included_Friendly_Names\r\n\
            \"Deluxe, Monthly\",DX,S1,MAIL_X,P1,Mail for \"\"All\"\r\n\
            \"Deluxe, Monthly\",DX,S1,CHAT_X,P2,\r\n\
            Plain,PL,S2,,,\r\n";
        let published = published.replace("Mail for \"\"All\"", "\"Mail for \"\"All\"\"\"");
        let own = "SKU_ID,product_name,SERVICE_PLAN_ID,service_plan_friendly_name,service_plan_name,x\n\
            s1,\" Deluxe, Monthly\",p1,\"Mail for \"\"All\"\"\",MAIL_X,1\n\
            s1,\"Deluxe, Monthly\",p2,,CHAT_X,2\ns2,Plain,,,,\n";
        let names = read(&published).unwrap();
        assert_eq!(read(own), Ok(names.clone()));
        assert_eq!((names.product("s1"), names.product("s2")), (Some("Deluxe, Monthly"), Some("Plain")));
        assert_eq!((names.plan("P1"), names.plan("p2")), (Some("Mail for \"All\""), Some("CHAT_X")));
        assert_eq!((names.plan("s1"), names.product("p1"), names.plan("")), (None, None, None));
    }

    #[test]
    fn the_first_name_counts() {
        let text = "product_name,sku_id,service_plan_id,service_plan_friendly_name\nA,s,p,One\nB,S,P,Two\n";
        let names = read(text).unwrap();
        assert_eq!((names.product("s"), names.plan("p")), (Some("A"), Some("One")));
    }

    #[test]
    fn wrong_tables_are_named_with_their_place() {
        let errors = |text: &str| read(text).unwrap_err();
        insta::assert_snapshot!(errors("name,id\nA,s\n"), @"products.csv:1:1: the header has no column `product_name`");
        insta::assert_snapshot!(errors("product_name;sku_id\nA;s\n"), @"products.csv:1:1: the columns have to be separated by commas");
        insta::assert_snapshot!(errors("product_name,sku_id,GUID\nA,s,s\n"), @"products.csv:1:21: field GUID: `sku_id` and `GUID` are one field, and both are given");
        insta::assert_snapshot!(errors("product_name,sku_id\nA,\n,s\nB,t,u\n\"C,v\n"), @r"
            products.csv:2:3: field sku_id: a value is missing
            products.csv:3:1: field product_name: a value is missing
            products.csv:4:1: the header has 2 columns, and this record has 3
            products.csv:5:1: the quote that begins here is never closed
            ");
        insta::assert_snapshot!(errors(" \n"), @"products.csv: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file");
        assert_eq!(read("product_name,sku_id\n"), Ok(ProductNames::default()));
    }

    #[test]
    fn large_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("products.csv");
        std::fs::File::create(&path).unwrap().set_len(PRODUCT_NAMES_FILE_MAX_BYTES + 1).unwrap();
        let error = ProductNames::read(&path).unwrap_err().to_string();
        assert!(error.contains("products.csv: ") && error.contains("larger than 64 MiB"), "{error}");
        let error = ProductNames::read(&folder.path().join("none.csv")).unwrap_err().to_string();
        assert!(error.contains("does not exist"), "{error}");
    }
}
