//! `dyngroup synth`: the folders it makes, and that everything else can use them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use dyngroup::directory::group::ProcessingState;
use dyngroup::directory::object::{Object, Value};
use dyngroup::directory::tenant::Tenant;
use dyngroup::engine::oracle;
use dyngroup::engine::world::{NoRelations, World};
use dyngroup::language::attribute::{Attributes, Subject};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn dyngroup(arguments: &[&str], threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dyngroup"))
        .args(arguments)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap()
}

/// Makes a tenant; `arguments` come on top of seed and folder.
fn synth(folder: &Path, arguments: &str) -> Output {
    synth_with_threads(folder, arguments, "2")
}

fn synth_with_threads(folder: &Path, arguments: &str, threads: &str) -> Output {
    let mut all = vec!["synth", "--out", folder.to_str().unwrap()];
    all.extend(arguments.split_whitespace());
    let output = dyngroup(&all, threads);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    output
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

fn read(folder: &Path) -> Tenant {
    Tenant::read(folder, Attributes::standard()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_same_seed_makes_the_same_bytes_whatever_the_threads() {
    let place = tempfile::tempdir().unwrap();
    for format in ["ndjson", "csv", "parquet"] {
        let arguments = format!("--users 3000 --devices 1500 --groups 60 --seed 9 --format {format}");
        let [one, three, other] = ["1", "3", "other"].map(|name| place.path().join(format).join(name));
        synth_with_threads(&one, &arguments, "1");
        synth_with_threads(&three, &arguments, "3");
        assert!(files(&one) == files(&three), "{format}");
        synth(&other, &arguments.replace("--seed 9", "--seed 10"));
        let (one, other) = (files(&one), files(&other));
        let differing: Vec<&String> = one.keys().filter(|name| one[*name] != other[*name]).collect();
        let expected = [
            format!("devices.{format}"),
            "groups.json".into(),
            "members.ndjson".into(),
            "subscribedSkus.json".into(),
            format!("users.{format}"),
        ];
        assert_eq!(differing, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn more_of_everything_leaves_the_first_ones_as_they_are() {
    let place = tempfile::tempdir().unwrap();
    let [small, large] = ["small", "large"].map(|name| place.path().join(name));
    synth(&small, "--users 200 --groups 30");
    synth(&large, "--users 300 --groups 90");
    let (small, large) = (files(&small), files(&large));
    let lines = |text: &[u8], count| -> Vec<String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.lines().take(count).map(|line| line.trim_end_matches(',').to_owned()).collect()
    };
    assert_eq!(lines(&small["users.ndjson"], 200), lines(&large["users.ndjson"], 200));
    // The first line opens the page.
    assert_eq!(lines(&small["groups.json"], 31), lines(&large["groups.json"], 31));
}

#[test]
fn ndjson_and_csv_hold_the_same_tenant() {
    let place = tempfile::tempdir().unwrap();
    let [ndjson, csv] = ["ndjson", "csv"].map(|format| {
        let folder = place.path().join(format);
        let output =
            synth(&folder, &format!("--users 1500 --devices 700 --groups 40 --seed 3 --format {format}"));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains("1,500 users, 700 devices, 40 dynamic groups"), "{words}");
        assert!(words.contains(&format!("users.{format}")) && words.contains("groups.json"), "{words}");
        read(&folder)
    });
    assert_eq!((ndjson.users.len(), ndjson.devices.len(), ndjson.groups.len()), (1_500, 700, 45));
    assert_eq!(ndjson, csv);
    assert_eq!(ndjson.organization.as_ref().unwrap().country_letter_code.as_deref(), Some("US"));
    assert!(ndjson.unknown_groups().is_empty() && ndjson.unknown_members().is_empty());
    assert!(ndjson.members.groups().count() == 5);

    // Seats are taken by the users that have the product.
    let licensed: u64 = ndjson.skus.iter().map(|sku| sku.consumed_units).sum();
    assert!((1_200..2_600).contains(&licensed), "{licensed}");
    assert!(ndjson.skus.iter().all(|sku| sku.prepaid_units.enabled > sku.consumed_units));
    let plan = ndjson.skus.iter().flat_map(|sku| &sku.service_plans).next().unwrap();
    let has = |user: &&Object| match user.get("assignedPlans") {
        Value::Plans(plans) => {
            plans.iter().any(|it| it.service_plan_id.as_deref() == Some(&plan.service_plan_id))
        }
        _ => panic!("every user has a list of plans"),
    };
    assert!(ndjson.users.iter().filter(has).count() > 500);
}

#[test]
fn every_attribute_of_the_columns_is_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("tenant");
    synth(&folder, "--users 2000 --devices 2000 --groups 0 --format csv");
    let tenant = read(&folder);
    for (name, objects, others) in [
        // `id` is read as objectId; managers and licenses are no attributes.
        ("users.csv", &tenant.users, ["id", "managerId", "assignedLicenses"].as_slice()),
        ("devices.csv", &tenant.devices, &["id"]),
    ] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        for column in text.lines().next().unwrap().split(',').filter(|column| !others.contains(column)) {
            let filled = objects.iter().filter(|object| *object.get(column) != Value::Null).count();
            let wanted = if column == "isRooted" { 200 } else { 50 };
            assert!(filled >= wanted, "{name} {column} {filled}");
        }
    }
    assert!(tenant.users.iter().filter(|user| user.manager().is_some()).count() > 1_600);
}

#[test]
fn parquet_has_the_rows_of_ndjson() {
    use arrow_array::cast::AsArray;
    use arrow_array::types::TimestampMicrosecondType;

    let place = tempfile::tempdir().unwrap();
    let [columns, lines] = ["columns", "lines"].map(|name| place.path().join(name));
    synth(&columns, "--users 2500 --devices 10 --groups 3 --format parquet");
    synth(&lines, "--users 2500 --devices 10 --groups 3");
    let tenant = read(&lines);
    let open = |name: &str| {
        ParquetRecordBatchReaderBuilder::try_new(File::open(columns.join(name)).unwrap()).unwrap()
    };
    let builder = open("users.parquet");
    assert_eq!(builder.metadata().file_metadata().num_rows(), 2_500);
    assert_eq!(builder.metadata().num_row_groups(), 1);
    let mut seen = 0;
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap_or_else(|| panic!("{name}"));
        for row in 0..batch.num_rows() {
            let text = |name: &str| {
                let column = column(name).as_string::<i32>();
                column.iter().nth(row).flatten().map(|text| Value::Text(text.to_owned())).unwrap_or_default()
            };
            let id = column("id").as_string::<i32>().value(row);
            let user = tenant.user(id).unwrap();
            for name in
                ["userPrincipalName", "jobTitle", "onPremisesDistinguishedName", "extensionAttribute5"]
            {
                assert_eq!(*user.get(name), text(name), "{id} {name}");
            }
            let manager = column("managerId").as_string::<i32>().iter().nth(row).flatten();
            assert_eq!(user.manager(), manager);
            let hired = column("employeeHireDate").as_primitive::<TimestampMicrosecondType>();
            let hired =
                hired.iter().nth(row).flatten().map(|it| jiff::Timestamp::from_microsecond(it).unwrap());
            assert_eq!(*user.get("employeeHireDate"), hired.map(Value::Instant).unwrap_or_default());
            let proxies = column("proxyAddresses").as_list::<i32>().value(row);
            let proxies = proxies.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
            assert_eq!(*user.get("proxyAddresses"), Value::Texts(proxies));
            let Value::Plans(plans) = user.get("assignedPlans") else { panic!("plans") };
            let items = column("assignedPlans").as_list::<i32>().value(row);
            let field =
                |name: &str| items.as_struct().column_by_name(name).unwrap().as_string::<i32>().clone();
            let ids: Vec<Option<String>> = plans.iter().map(|plan| plan.service_plan_id.clone()).collect();
            assert_eq!(
                field("servicePlanId").iter().map(|it| it.map(str::to_owned)).collect::<Vec<_>>(),
                ids
            );
            let states: Vec<Option<&str>> =
                plans.iter().map(|plan| plan.capability_status.as_deref()).collect();
            assert_eq!(field("capabilityStatus").iter().collect::<Vec<_>>(), states);
            seen += 1;
        }
    }
    assert_eq!(seen, 2_500);
    assert_eq!(open("devices.parquet").metadata().file_metadata().num_rows(), 10);
    assert_eq!(files(&columns)["groups.json"], files(&lines)["groups.json"]);
}

#[test]
fn all_rules_are_accepted_and_most_groups_have_members() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("tenant");
    synth(&folder, "--users 2000 --devices 500 --groups 600");
    let tenant = read(&folder);
    let world =
        World { now: "2026-01-15T00:00:00Z".parse().unwrap(), version_order: None, relations: &NoRelations };
    let (mut dynamic, mut empty, mut large, mut paused) = (0_u32, 0_u32, 0_u32, 0_u32);
    for group in tenant.groups.iter().filter(|group| group.is_dynamic()) {
        let text = group.membership_rule.as_deref().unwrap();
        assert!(text.encode_utf16().count() <= 3_072);
        let options = Options { dialect: Dialect::Entra, subject: None, attributes: Attributes::standard() };
        let rule = compile(text, options).rule.unwrap_or_else(|| panic!("{text}"));
        let objects = if rule.subject == Subject::User { &tenant.users } else { &tenant.devices };
        let members =
            objects.iter().filter(|object| oracle::evaluate(&rule, object, &world).unwrap()).count();
        dynamic += 1;
        empty += u32::from(members == 0);
        large += u32::from(members * 4 > objects.len());
        paused += u32::from(group.processing_state == Some(ProcessingState::Paused));
    }
    let share = |count: u32| f64::from(count) / f64::from(dynamic);
    assert_eq!(dynamic, 600);
    assert!((0.10..0.60).contains(&share(empty)), "{empty} are empty");
    assert!((0.01..0.15).contains(&share(large)), "{large} are large");
    assert!((1..=15).contains(&paused), "{paused} are paused");
}

#[test]
fn a_tenant_can_be_recomputed_and_checked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("tenant");
    synth(&folder, "--users 400 --devices 100 --groups 40");
    let folder = folder.to_str().unwrap();
    let output = dyngroup(&["recompute", folder, "--now", "2026-01-15T00:00:00Z"], "2");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let output = dyngroup(&["check", &format!("{folder}/groups.json"), "--output-format", "jsonl"], "2");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 40);
}

#[test]
fn nothing_is_overwritten_and_limits_are_kept() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.txt"), "x").unwrap();
    let out = place.path().to_str().unwrap();
    let fails = |arguments: &[&str]| {
        let output = dyngroup(arguments, "1");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let words = fails(&["synth", "--users", "5", "--groups", "1", "--out", out]);
    assert!(words.contains("the folder is not empty"), "{words}");
    assert_eq!(files(place.path()).len(), 1);
    let new = place.path().join("new");
    let new = new.to_str().unwrap();
    for wrong in [
        ["--users", "0", "--groups", "1"],
        ["--users", "100000001", "--groups", "1"],
        ["--users", "1", "--groups", "15001"],
    ] {
        let words = fails(&[["synth", "--out", new].as_slice(), &wrong].concat());
        assert!(words.contains("is not in"), "{words}");
    }
    let words = fails(&["synth", "--users", "5", "--groups", "1", "--out", new, "--now", "soon"]);
    assert!(words.contains("invalid value 'soon' for '--now"), "{words}");
    assert!(!Path::new(new).exists());
}

#[test]
fn dates_follow_the_instant_that_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let [usual, later] = ["usual", "later"].map(|name| place.path().join(name));
    synth(&usual, "--users 300 --groups 0");
    synth(&later, "--users 300 --groups 0 --now 2031-06-01T12:00:00Z");
    let newest = |folder: &Path| {
        let tenant = read(folder);
        let dates = tenant.users.iter().filter_map(|user| match user.get("employeeHireDate") {
            Value::Instant(instant) => Some(*instant),
            _ => None,
        });
        dates.max().unwrap().to_string()
    };
    assert!(newest(&usual).starts_with("2026-"));
    assert!(newest(&later).starts_with("2031-"));
}
