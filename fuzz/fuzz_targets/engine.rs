//! Rules over columns give the members that the oracle gives object by object.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::StringArray;

use dyngroup::base::fold::FoldedText;
use dyngroup::directory::columns::{Column, Columns, TextColumn};
use dyngroup::directory::object::Object;
use dyngroup::engine::evaluate::{Inputs, evaluate};
use dyngroup::engine::oracle;
use dyngroup::engine::world::World;
use dyngroup::language::attribute::Attribute;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::literal;
use dyngroup::language::typed::{Reach, TypedRule};
use dyngroup::program::predicate::External;
use dyngroup::program::verify::verify;
use dyngroup::program::{Optimise, emit};
use dyngroup_fuzz::case::{self, Case, World as MadeUp};
use libfuzzer_sys::{Corpus, fuzz_target};
use roaring::RoaringBitmap;

fuzz_target!(
    init: {
        // One thread that is this one: runs repeat, and no time goes into handing work over.
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("the only pool");
    },
    |case: Case| -> Corpus {
        let objects = case.objects();
        let texts = case.rules();
        let rules: Vec<TypedRule> = texts.iter().filter_map(|text| compiled(text)).collect();
        if rules.is_empty() {
            return Corpus::Reject;
        }
        check(&rules, &objects, &case.world());
        Corpus::Keep
    }
);

fn compiled(text: &str) -> Option<TypedRule> {
    compile(text, Options { dialect: Dialect::Extended, ..Options::default() }).rule
}

fn check(rules: &[TypedRule], objects: &[Object], made_up: &MadeUp) {
    let world = World { now: case::now(), version_order: made_up.version_order, relations: made_up };
    let expected: Vec<Option<Vec<u32>>> = rules.iter().map(|rule| by_oracle(rule, objects, &world)).collect();
    let columns = columns_of(rules, objects);
    for (form, columns) in [("dictionaries", &columns), ("plain texts", &plain(&columns))] {
        for optimise in [Optimise::On, Optimise::Off] {
            let found = by_engine(rules, objects, columns, &world, optimise);
            for ((rule, expected), found) in rules.iter().zip(&expected).zip(&found) {
                assert_eq!(
                    found,
                    expected,
                    "{:?} over {form}, optimise {optimise:?}, together with {:#?} over {objects:#?}",
                    rule.text,
                    rules.iter().map(|rule| &rule.text).collect::<Vec<_>>()
                );
            }
        }
    }
}

/// The rows of the members; `None` if an object has no result.
fn by_oracle(rule: &TypedRule, objects: &[Object], world: &World<'_>) -> Option<Vec<u32>> {
    let mut rows = Vec::new();
    for (row, object) in (0..).zip(objects) {
        if oracle::evaluate(rule, object, world).ok()? {
            rows.push(row);
        }
    }
    Some(rows)
}

fn by_engine(
    rules: &[TypedRule],
    objects: &[Object],
    columns: &Columns,
    world: &World<'_>,
    optimise: Optimise,
) -> Vec<Option<Vec<u32>>> {
    let program = emit::program(rules, optimise).expect("few rules make a small program");
    verify(&program).expect("what is emitted is sound");
    let externals: Vec<RoaringBitmap> =
        program.externals.iter().map(|external| rows_of(external, objects, world)).collect();
    let inputs = Inputs { now: world.now, version_order: world.version_order, externals: &externals };
    let results = evaluate(&program, columns, inputs);
    results.into_iter().map(|result| Some(result.ok()?.iter().collect())).collect()
}

/// What the caller of the engine has to know of other objects, by its definition.
fn rows_of(external: &External, objects: &[Object], world: &World<'_>) -> RoaringBitmap {
    let holds = |object: &Object| match external {
        External::MemberOf(groups, reach) => {
            groups.iter().any(|group| world.relations.is_member(group.written(), object.id(), *reach))
        }
        External::Reports(manager, reach) => {
            let rule = compiled(&reports(manager, *reach)).expect("a rule about managers");
            oracle::evaluate(&rule, object, world).expect("managers are always known")
        }
    };
    (0..).zip(objects).filter(|(_, object)| holds(object)).map(|(row, _)| row).collect()
}

fn reports(manager: &FoldedText, reach: Reach) -> String {
    let whose = match reach {
        Reach::Direct => "Direct",
        Reach::Transitive => "All",
    };
    format!("{whose} Reports for {}", literal::quoted(manager.written()))
}

fn columns_of(rules: &[TypedRule], objects: &[Object]) -> Columns {
    let read: BTreeMap<Arc<str>, Arc<Attribute>> = rules
        .iter()
        .flat_map(TypedRule::attributes_read)
        .map(|attribute| (Arc::clone(&attribute.name), attribute))
        .collect();
    Columns::of_objects(objects, read.values())
}

/// The same columns with every text plain, as it is where most values are unique.
fn plain(columns: &Columns) -> Columns {
    let mut columns = columns.clone();
    for column in columns.columns.values_mut() {
        match column {
            Column::Text(texts) => make_plain(texts),
            Column::Texts(table) => make_plain(&mut table.items),
            Column::Plans(table) => {
                let plans = &mut table.items;
                for texts in [&mut plans.service, &mut plans.service_plan_id, &mut plans.capability_status] {
                    make_plain(texts);
                }
            }
            Column::Boolean { .. } | Column::Instant { .. } => {}
        }
    }
    columns.originals.values_mut().for_each(make_plain);
    columns
}

fn make_plain(texts: &mut TextColumn) {
    let values: StringArray = (0..texts.len()).map(|row| texts.get(row)).collect();
    *texts = TextColumn::Plain(values);
}
