//! Devices: a make and what follows from it.

use rand::RngExt;

use super::random::{Generator, Pool, Purpose, Seed, guid, one_of};
use super::row::{Cell, CellKind, Column, Row};
use super::user::Users;
use super::vocabulary::Vocabulary;
use super::work::DEPARTMENTS;
use crate::language::attribute::Subject;

/// Makes devices. A device depends on the seed and its number, and on the users it may belong to.
pub(super) struct Devices<'tenant> {
    vocabulary: &'tenant Vocabulary,
    users: &'tenant Users<'tenant>,
    user_count: u64,
    seed: Seed,
    makes: Pool<Make>,
}

/// A kind of device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Make {
    pub(super) system: &'static str,
    /// The newer ones first.
    pub(super) versions: &'static [&'static str],
    pub(super) manufacturer: &'static str,
    pub(super) models: &'static [&'static str],
    /// What display names begin with.
    pub(super) prefix: &'static str,
    /// The share of devices that belong to their people.
    share_personal: f64,
}

impl<'tenant> Devices<'tenant> {
    pub(super) fn new(
        vocabulary: &'tenant Vocabulary,
        users: &'tenant Users<'tenant>,
        user_count: u64,
        seed: Seed,
    ) -> Self {
        let makes = Pool::shares(MAKES.iter().map(|&(make, share)| (make, share)));
        Self { vocabulary, users, user_count, seed, makes }
    }

    /// The columns, in the order of the cells of [`Devices::row`].
    pub(super) fn columns(&self) -> Vec<Column> {
        let before = COLUMNS.iter().map(|&name| match name {
            "accountEnabled" | "isRooted" => (name, CellKind::Boolean),
            "devicePhysicalIds" | "systemLabels" => (name, CellKind::Texts),
            _ => (name, CellKind::Text),
        });
        let extensions = self.vocabulary.device_extensions.iter().map(|it| (it.name, CellKind::Text));
        before.chain(extensions).map(|(name, kind)| Column::new(Subject::Device, name, kind)).collect()
    }

    /// Device `index`, counted from 0.
    pub(super) fn row(&self, index: u64) -> Row<'tenant> {
        let generator = &mut self.seed.generator(Purpose::Device, index);
        let make = *self.makes.draw(generator);
        let personal = generator.random_bool(make.share_personal);
        let managed = !personal && generator.random_bool(0.9) || generator.random_bool(0.3);
        let windows = make.system == "Windows";
        let enrolled = managed && !personal && generator.random_bool(0.7);
        let serial: String = (0..7).map(|_| char::from(one_of(generator, SERIAL))).collect();
        let ownership = if personal { "Personal" } else { "Company" };
        let trust = match (windows, personal) {
            (true, false) => one_of(generator, &["AzureAD", "AzureAD", "ServerAD"]),
            _ => "Workplace",
        };
        let profile = enrolled.then(|| format!("{} {}", make.system, one_of(generator, &PROFILE_ENDS)));
        let text = |text: &'static str| Cell::Text(text.into());
        let mut row = Row::with_capacity(24);
        row.extend([
            Cell::Text(self.seed.id(Purpose::DeviceId, index).into()),
            Cell::Text(guid(generator).into()),
            Cell::Text(format!("{}{serial}", make.prefix).into()),
            Cell::Boolean(generator.random_bool(0.95)),
            text(make.system),
            Cell::Text(version(&make, generator)),
            Cell::text(generator.random_bool(0.93).then_some(ownership)),
            text(trust),
            Cell::text(generator.random_bool(0.97).then_some(make.manufacturer)),
            Cell::text(generator.random_bool(0.97).then(|| early(make.models, generator))),
            Cell::text(
                managed.then(|| if windows && generator.random_bool(0.2) { CO_MANAGED } else { INTUNE }),
            ),
            Cell::text(managed.then_some("MDM")),
            Cell::text(profile),
            Cell::text(enrolled.then(|| one_of(generator, &CATEGORIES))),
            Cell::text(generator.random_bool(0.98).then_some("RegisteredDevice")),
            if windows { Cell::Null } else { Cell::Boolean(generator.random_bool(0.004)) },
            Cell::Texts(self.physical_ids(windows && enrolled, generator)),
            Cell::Texts(if enrolled { vec!["M365Managed".to_owned()] } else { Vec::new() }),
        ]);
        row.extend(self.vocabulary.device_extensions.iter().map(|it| Cell::text(it.draw(generator))));
        row
    }

    /// `autopilot` devices carry the marks of the factory.
    fn physical_ids(&self, autopilot: bool, generator: &mut Generator) -> Vec<String> {
        let owner = self.users.id(generator.random_range(0..self.user_count.max(1)));
        let mut ids = vec![
            format!("[USER-GID]:{owner}:{}", generator.random_range(1_000_000_000_u64..9_000_000_000)),
            format!("[GID]:g:{}", generator.random_range(1_000_000_000_u64..9_000_000_000)),
            format!("[HWID]:h:{}", generator.random_range(1_000_000_000_u64..9_000_000_000)),
        ];
        if autopilot {
            ids.push(format!("[ZTDID]:{}", guid(generator)));
            let by_department = generator.random_bool(0.5);
            let tag = if by_department {
                one_of(generator, &DEPARTMENTS).0
            } else {
                one_of(generator, &ORDER_TAGS)
            };
            ids.push(format!("[OrderID]:{tag}"));
        }
        ids
    }
}

/// One of the first entries rather than one of the last.
fn early(entries: &'static [&'static str], generator: &mut Generator) -> &'static str {
    let edge = generator.random_range(1..=entries.len().max(1));
    entries.get(generator.random_range(0..edge)).copied().unwrap_or_default()
}

/// A version and, on Windows, its monthly update.
fn version(make: &Make, generator: &mut Generator) -> std::borrow::Cow<'static, str> {
    let base = early(make.versions, generator);
    match make.system {
        "Windows" => format!("{base}.{}", generator.random_range(1_000..8_000)).into(),
        _ => base.into(),
    }
}

/// The applications that manage devices, by the ids that the service has for them.
pub(super) const INTUNE: &str = "0000000a-0000-0000-c000-000000000000";
const CO_MANAGED: &str = "54b943f8-d761-4f8d-951e-9cea1846db5a";

const SERIAL: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What enrollment profiles are called, after the system.
pub(super) const PROFILE_ENDS: [&str; 4] = ["Standard", "Kiosk", "Shared", "Field"];

/// Device categories of this tenant.
pub(super) const CATEGORIES: [&str; 5] = ["Office", "Workshop", "Vehicle", "Meeting room", "Lab"];

/// Order tags, beside the departments.
pub(super) const ORDER_TAGS: [&str; 4] = ["Kiosk", "Shared", "VIP", "Standard"];

const COLUMNS: [&str; 18] = [
    "id",
    "deviceId",
    "displayName",
    "accountEnabled",
    "deviceOSType",
    "deviceOSVersion",
    "deviceOwnership",
    "deviceTrustType",
    "deviceManufacturer",
    "deviceModel",
    "deviceManagementAppId",
    "managementType",
    "enrollmentProfileName",
    "deviceCategory",
    "profileType",
    "isRooted",
    "devicePhysicalIds",
    "systemLabels",
];

/// Makes and their shares.
pub(super) const MAKES: [(Make, f64); 8] = [
    (
        Make {
            system: "Windows",
            versions: &["10.0.26100", "10.0.22631", "10.0.22621", "10.0.19045", "10.0.19044"],
            manufacturer: "Dell Inc.",
            models: &["Latitude 5450", "Latitude 7440", "OptiPlex 7010", "Precision 3581"],
            prefix: "LT-",
            share_personal: 0.03,
        },
        30.0,
    ),
    (
        Make {
            system: "Windows",
            versions: &["10.0.26100", "10.0.22631", "10.0.19045"],
            manufacturer: "LENOVO",
            models: &["ThinkPad T14 Gen 5", "ThinkPad X1 Carbon Gen 12", "ThinkCentre M70q"],
            prefix: "LT-",
            share_personal: 0.04,
        },
        20.0,
    ),
    (
        Make {
            system: "Windows",
            versions: &["10.0.22631", "10.0.26100", "10.0.20348"],
            manufacturer: "HP",
            models: &["HP EliteBook 840 G10", "HP ProDesk 400 G9", "HP ZBook Firefly 14"],
            prefix: "PC-",
            share_personal: 0.05,
        },
        12.0,
    ),
    (
        Make {
            system: "iPhone",
            versions: &["18.2", "18.1.1", "17.7", "16.7.10"],
            manufacturer: "Apple",
            models: &["iPhone 15", "iPhone 14", "iPhone SE", "iPhone 13"],
            prefix: "iPhone ",
            share_personal: 0.5,
        },
        15.0,
    ),
    (
        Make {
            system: "iPad",
            versions: &["18.2", "17.7.2"],
            manufacturer: "Apple",
            models: &["iPad (10th generation)", "iPad Air", "iPad Pro 11\""],
            prefix: "iPad ",
            share_personal: 0.15,
        },
        5.0,
    ),
    (
        Make {
            system: "AndroidForWork",
            versions: &["15", "14", "13", "12"],
            manufacturer: "samsung",
            models: &["SM-S921B", "SM-A556B", "SM-X210"],
            prefix: "AND-",
            share_personal: 0.55,
        },
        10.0,
    ),
    (
        Make {
            system: "AndroidEnterprise",
            versions: &["14", "13"],
            manufacturer: "Zebra Technologies",
            models: &["TC58", "MC9400"],
            prefix: "SCAN-",
            share_personal: 0.0,
        },
        3.0,
    ),
    (
        Make {
            system: "MacMDM",
            versions: &["15.2", "14.7.1", "13.7"],
            manufacturer: "Apple",
            models: &["MacBook Pro", "MacBook Air", "Mac mini"],
            prefix: "MAC-",
            share_personal: 0.05,
        },
        5.0,
    ),
];

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::language::attribute::Attributes;

    #[test]
    fn every_column_is_an_attribute_and_every_cell_fits() {
        let vocabulary = Vocabulary::new();
        let users = Users::new(&vocabulary, Seed(1), Timestamp::UNIX_EPOCH);
        let devices = Devices::new(&vocabulary, &users, 100, Seed(1));
        let columns = devices.columns();
        for column in columns.iter().skip(1) {
            assert!(Attributes::standard().find(Subject::Device, column.name).is_some(), "{column:?}");
        }
        let mut tagged = 0;
        for row in (0..500).map(|index| devices.row(index)) {
            assert_eq!(row.len(), columns.len());
            for (column, cell) in columns.iter().zip(&row) {
                let fits = match cell {
                    Cell::Null => true,
                    Cell::Boolean(_) => column.kind == CellKind::Boolean,
                    Cell::Text(text) => column.kind == CellKind::Text && !text.is_empty(),
                    Cell::Texts(ids) => {
                        tagged += usize::from(ids.iter().any(|id| id.starts_with("[OrderID]:")));
                        column.kind == CellKind::Texts
                    }
                    _ => false,
                };
                assert!(fits, "{column:?} {cell:?}");
            }
        }
        assert!((100..300).contains(&tagged), "{tagged}");
    }
}
