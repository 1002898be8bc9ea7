//! Made-up rules about devices.

use rand::RngExt;

use super::clause::Clause;
use super::device::{CATEGORIES, INTUNE, MAKES, ORDER_TAGS, PROFILE_ENDS};
use super::random::{Generator, one_of};
use super::work::DEPARTMENTS;

/// A condition on devices, often with a second one.
pub(super) fn clause(generator: &mut Generator) -> Clause {
    let main = main_clause(generator);
    match generator.random::<f64>() {
        draw if draw < 0.25 => main.and(Clause::text("device.deviceOwnership", "-eq", "Company")),
        draw if draw < 0.40 => Clause::word("device.accountEnabled", "-eq", true).and(main),
        draw if draw < 0.50 => main.and(Clause::text("device.deviceManagementAppId", "-eq", INTUNE)),
        _ => main,
    }
}

fn main_clause(generator: &mut Generator) -> Clause {
    let (make, _) = one_of(generator, &MAKES);
    let physical_id = |operator: &str, value: &str| {
        Clause::any_item("device.devicePhysicalIds", &Clause::text("_", operator, value))
    };
    match generator.random_range(0..14_u8) {
        0 => Clause::text("device.deviceOSType", "-eq", make.system),
        1 => {
            let system = Clause::text("device.deviceOSType", "-eq", make.system);
            let version = make.versions.first().copied().unwrap_or_default();
            system.and(Clause::text("device.deviceOSVersion", "-startsWith", version))
        }
        2 => physical_id("-eq", &format!("[OrderID]:{}", one_of(generator, &ORDER_TAGS))),
        3 => physical_id("-eq", &format!("[OrderID]:{}", one_of(generator, &DEPARTMENTS).0)),
        4 => physical_id("-startsWith", "[ZTDId]"),
        5 => Clause::text("device.deviceManufacturer", "-eq", make.manufacturer),
        6 => Clause::list("device.deviceModel", "-in", make.models.iter().copied()),
        7 => Clause::text("device.displayName", "-startsWith", make.prefix),
        8 => {
            let profile = format!("{} {}", make.system, one_of(generator, &PROFILE_ENDS));
            Clause::text("device.enrollmentProfileName", "-eq", &profile)
        }
        9 => Clause::text("device.deviceCategory", "-eq", one_of(generator, &CATEGORIES)),
        10 => Clause::text(
            "device.deviceTrustType",
            "-eq",
            one_of(generator, &["AzureAD", "ServerAD", "Workplace"]),
        ),
        11 => {
            let site = generator.random_range(1..=120_u8);
            Clause::text("device.extensionAttribute1", "-eq", &format!("Site {site:03}"))
        }
        12 => Clause::text("device.deviceOSType", "-match", "^(Android|iP(ad|hone))"),
        _ => {
            let personal = Clause::text("device.deviceOwnership", "-eq", "Personal");
            Clause::text("device.deviceOSType", "-eq", make.system).and(personal.negated())
        }
    }
}
