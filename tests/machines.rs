//! Every machine gives the members that the oracle gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use dyngroup::directory::columns::Columns;
use dyngroup::directory::object::Object;
use dyngroup::engine::evaluate::{Inputs, evaluate};
use dyngroup::engine::oracle;
use dyngroup::engine::world::{NoRelations, VersionOrder, World};
use dyngroup::language::attribute::{Attribute, Subject};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::TypedRule;
use dyngroup::program::verify::verify;
use dyngroup::program::{Optimise, emit};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use roaring::RoaringBitmap;

use crate::generate;

/// The members of each rule as row numbers, or the error in words.
type Members = Vec<Result<Vec<u32>, String>>;

fn by_oracle(rules: &[TypedRule], objects: &[Object], order: Option<VersionOrder>) -> Members {
    let world = World { now: generate::now(), version_order: order, relations: &NoRelations };
    let members = |rule: &TypedRule| {
        let mut rows = Vec::new();
        for (row, object) in (0_u32..).zip(objects) {
            if oracle::evaluate(rule, object, &world).map_err(|error| error.to_string())? {
                rows.push(row);
            }
        }
        Ok(rows)
    };
    rules.iter().map(members).collect()
}

fn by_engine(
    rules: &[TypedRule],
    columns: &Columns,
    order: Option<VersionOrder>,
    optimise: Optimise,
) -> Members {
    let program = emit::program(rules, optimise).expect("small");
    verify(&program).expect("sound");
    // Nobody is a member of anything and nobody reports to anybody, as in the oracle's world, but that
    // a manager belongs to the own reports.
    let externals: Vec<RoaringBitmap> = program
        .externals
        .iter()
        .map(|external| match external {
            dyngroup::program::predicate::External::MemberOf(..) => RoaringBitmap::new(),
            dyngroup::program::predicate::External::Reports(manager, _) => (0_u32..)
                .zip(columns.ids.iter())
                .filter(|(_, id)| id.is_some_and(|id| dyngroup::base::fold::fold(id) == manager.folded()))
                .map(|(row, _)| row)
                .collect(),
        })
        .collect();
    let inputs = Inputs { now: generate::now(), version_order: order, externals: &externals };
    evaluate(&program, columns, inputs)
        .into_iter()
        .map(|result| result.map(|rows| rows.iter().collect()).map_err(|error| error.to_string()))
        .collect()
}

fn compiled(texts: &[String], dialect: Dialect) -> Vec<TypedRule> {
    let options = Options { dialect, ..Options::default() };
    texts.iter().filter_map(|text| compile(text, options).rule).collect()
}

fn columns_of(rules: &[TypedRule], objects: &[Object]) -> Columns {
    let read: BTreeMap<Arc<str>, Arc<Attribute>> = rules
        .iter()
        .flat_map(TypedRule::attributes_read)
        .map(|attribute| (Arc::clone(&attribute.name), attribute))
        .collect();
    Columns::of_objects(objects, read.values())
}

fn without_manager(mut object: Object) -> Object {
    object.set_manager(None);
    object
}

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(work)
}

fn check(
    texts: &[String],
    objects: &[Object],
    dialect: Dialect,
    order: Option<VersionOrder>,
) -> Result<(), TestCaseError> {
    let rules = compiled(texts, dialect);
    prop_assert_eq!(rules.len(), texts.len(), "the generator makes accepted rules");
    let expected = by_oracle(&rules, objects, order);
    let columns = columns_of(&rules, objects);
    for optimise in [Optimise::On, Optimise::Off] {
        let found = in_pool(1, || by_engine(&rules, &columns, order, optimise));
        for ((text, expected), found) in texts.iter().zip(&expected).zip(&found) {
            prop_assert_eq!(found.is_err(), expected.is_err(), "{} {:?}", text, optimise);
            if let (Ok(expected), Ok(found)) = (expected, found) {
                prop_assert_eq!(found, expected, "{} {:?}", text, optimise);
            }
        }
    }
    Ok(())
}

/// How many cases run: the same ones each time, or with `DYNGROUP_CASES` that many new ones.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("DYNGROUP_CASES").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) };
    ProptestConfig {
        cases: asked.unwrap_or(usual),
        failure_persistence: None,
        rng_seed,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_column_engine_agrees_with_the_oracle(
        texts in prop::collection::vec(generate::rule_text_about(Subject::User, Dialect::Extended), 1..8),
        objects in prop::collection::vec(generate::object(Subject::User).prop_map(without_manager), 0..30),
    ) {
        check(&texts, &objects, Dialect::Extended, None)?;
    }

    #[test]
    fn devices_too(
        texts in prop::collection::vec(generate::rule_text_about(Subject::Device, Dialect::Entra), 1..8),
        objects in prop::collection::vec(generate::object(Subject::Device), 0..30),
        order in prop::sample::select(vec![None, Some(VersionOrder::Version), Some(VersionOrder::Ordinal)]),
    ) {
        check(&texts, &objects, Dialect::Entra, order)?;
    }
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn block_borders_and_threads_change_nothing(
        texts in prop::collection::vec(generate::rule_text_about(Subject::User, Dialect::Entra), 12),
        objects in prop::collection::vec(generate::object(Subject::User).prop_map(without_manager), 97),
    ) {
        let rules = compiled(&texts, Dialect::Entra);
        let pattern: Vec<Option<Vec<u32>>> = by_oracle(&rules, &objects, None).into_iter().map(Result::ok).collect();
        for rows in [0, 1, 65_535, 65_536, 65_537, 140_000] {
            // The same objects over and over: the members repeat with them.
            let many: Vec<Object> = objects.iter().cycle().take(rows).cloned().collect();
            let columns = columns_of(&rules, &many);
            let expected: Vec<Option<Vec<u32>>> = pattern
                .iter()
                .map(|members| members.as_ref().map(|members| repeated(members, objects.len(), rows)))
                .collect();
            for threads in [1, 3] {
                let found = in_pool(threads, || by_engine(&rules, &columns, None, Optimise::On));
                for ((text, expected), found) in texts.iter().zip(&expected).zip(found) {
                    if let Some(expected) = expected {
                        prop_assert_eq!(found.as_ref().ok(), Some(expected), "{} over {} rows", text, rows);
                    }
                }
            }
        }
    }
}

fn repeated(members: &[u32], period: usize, rows: usize) -> Vec<u32> {
    let rounds = (0..rows).step_by(period);
    rounds
        .flat_map(|start| members.iter().map(move |&member| u32::try_from(start).expect("few") + member))
        .filter(|&row| (row as usize) < rows)
        .collect()
}
