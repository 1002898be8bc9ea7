//! A run over changed objects only: their rules object by object, and in full only what the change can reach
//! in other ways.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::args::MemoryArgs;
use super::changed_objects::{Told, holder_of, ids_of, read_again, refuse_other_kind};
use super::computed::{Computed, Followed, Past, counts_of, fingerprint};
use super::failure::Failure;
use super::given::Membership;
use super::loaded::{Loaded, Memory, deleted, plans_of, wanted_of};
use super::progress::Progress;
use super::recompute::{nothing_remembered, past_of};
use super::remembered::{Inputs, Remembered, mark_of};
use super::settings::Settings;
use crate::base::fold::fold;
use crate::base::limits::CHANGED_SHARE_MAX;
use crate::directory::columns::{Columns, TextColumn};
use crate::directory::object::{Object, Value};
use crate::directory::tenant::TenantGroups;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;
use crate::membership::changed::{ChangedObject, members_after};
use crate::membership::clock::Clock;
use crate::membership::recompute::{self, Plan, Status};
use crate::membership::register::Register;
use crate::membership::roster::{Roster, RowIds};
use crate::report::summary::counted;
use crate::store::Session;

/// Both kinds of objects, in the order of what is kept for each.
const SUBJECTS: [Subject; 2] = [Subject::User, Subject::Device];

/// Computes the members after the changes in the files of `args`.
pub(super) fn computed(
    args: &MemoryArgs,
    folder: &Path,
    settings: &Settings,
    choices: recompute::Settings,
    memory: &mut Memory<'_>,
    progress: &mut Progress,
) -> Result<Computed, Failure> {
    let session = memory.session;
    let remembered = std::mem::take(&mut memory.remembered);
    let Remembered { mut register, groups: stored, present: before, strangers, last, inputs: read } =
        remembered;
    let Some(last) = last else {
        return Err(nothing_remembered(session.path()));
    };
    let is_known = |path: &Path| read.members_file.is_some() && mark_of(path) == read.members_file;
    let told = progress.stage("read", "reading the changes", || {
        let users = Told::read(Subject::User, &args.changed, settings, &mut register)?;
        let devices = Told::read(Subject::Device, &args.changed_devices, settings, &mut register)?;
        Ok::<_, Failure>([users, devices])
    })?;
    let tenant = progress.stage("read", "reading the groups", || {
        let tenant = TenantGroups::read_for_changes(folder, is_known)?;
        // The members file may tell of them what did not count before.
        let known: HashSet<_> = stored.iter().map(|group| fold(&group.id)).collect();
        let is_new = tenant.groups.iter().any(|group| !known.contains(&fold(&group.id)));
        let come_back =
            told.iter().zip(&before).any(|(told, present)| told.come_back(&register, present, &strangers));
        if is_new || come_back { TenantGroups::read_for_changes(folder, |_| false) } else { Ok(tenant) }
    })?;
    let plans = progress.stage("compile", "compiling the rules", || plans_of(&tenant.groups, settings));
    let wanted = wanted_of(&plans);
    let past = past_of(&stored);

    let marks = [(tenant.users_file(), &read.users_file), (tenant.devices_file(), &read.devices_file)];
    let changed = progress.stage("read", "bringing attributes up to date", || {
        let mut changed = Vec::with_capacity(SUBJECTS.len());
        for ((told, present), (others, (path, mark))) in
            told.iter().zip(&before).zip(before.iter().rev().zip(marks))
        {
            refuse_other_kind(told, &register, others)?;
            let wanted = wanted.of(told.subject);
            let is_same = mark.is_some() && path.is_some_and(|path| mark_of(path) == *mark);
            read_again(session, &register, told.subject, (path, is_same), present, wanted, settings)?;
            changed.push(told.apply(session, &register, present, wanted, settings)?);
        }
        Ok::<_, Failure>(changed)
    })?;
    let present: Vec<RoaringBitmap> =
        told.iter().zip(&before).map(|(told, present)| told.present(present)).collect();
    let mut rows = Vec::with_capacity(SUBJECTS.len());
    for (told, present) in told.iter().zip(&present) {
        rows.push(ids_of(&register, present, &told.ids()));
    }
    let [users, devices]: [_; 2] = rows.try_into().map_err(|_| Failure::new("two kinds of objects"))?;
    let present: [RoaringBitmap; 2] = present.try_into().map_err(|_| Failure::new("two kinds of objects"))?;
    let ids = [users.0.clone(), devices.0.clone()];
    let rows =
        |(ids, ordinals): (arrow_array::StringArray, Vec<u32>)| (RowIds::of(ids.iter().flatten()), ordinals);
    let mut roster = Roster::resume(register, rows(users), rows(devices));

    let mut warnings = Vec::new();
    let members_read = tenant.members_read;
    let given = (members_read && !read.objects_name_groups).then(|| tenant.members());
    if members_read && read.objects_name_groups {
        warnings.push(
            "the members file has changed, and users or devices themselves name groups: static \
                       members are kept until the next run without --changed"
                .to_owned(),
        );
    }
    let naming = told.iter().flat_map(|told| &told.changes).filter(|change| change.names_groups).count();
    if naming > 0 {
        warnings.push(format!(
            "{} in the changes names groups, which only a run without --changed follows",
            counted(naming, "object")
        ));
    }
    let members_file = tenant.members_file().and_then(mark_of);
    let (policy, groups) = (tenant.policy, tenant.groups);
    let Membership { groups, inputs, before: members, .. } =
        Membership::of(groups, plans, stored, given.as_ref(), &mut roster)?;
    let removed = told.iter().flat_map(|told| &told.strangers);
    let (deleted, strangers) = deleted(removed, strangers, &mut roster)?;
    let mut loaded = Loaded {
        roster,
        users: Columns::of_ids(ids[0].clone()),
        devices: Columns::of_ids(ids[1].clone()),
        managers: None,
        deleted,
        strangers,
        groups,
        inputs,
        before: members,
        policy,
        warnings,
        objects_name_groups: read.objects_name_groups,
        users_file: None,
        members_file: None,
        devices_file: None,
    };
    let is_later = choices.now >= last.now;
    let mut followed = progress.stage("evaluate", "looking at what changed", || {
        let crowd = [0, 1].map(|kind| is_crowd(changed.get(kind), present.get(kind)));
        singly(&mut loaded, &past, &changed, (crowd, is_later), settings, choices)
    });
    progress.stage("read", "reading attributes", || fill(&mut loaded, session, ids, &present))?;
    let (outcomes, after) = loaded.recompute(choices, progress);
    let mut clocks = [&loaded.users, &loaded.devices].map(|columns| Clock::new(columns, choices.now));
    for (((group, input), outcome), followed) in
        loaded.groups.iter().zip(&loaded.inputs).zip(&outcomes).zip(&mut followed)
    {
        if let (Some(rule), Status::Succeeded) = (input.plan.rule(), outcome.status) {
            *followed = Followed {
                evaluated: Some(fingerprint(group, rule, settings)),
                next_change: clocks.get_mut(rule.subject as usize).and_then(|clock| clock.next_change(rule)),
            };
        }
    }
    let inputs = Inputs { values: values_after(&read, &changed), members_file, ..read.clone() };
    let counts = counts_of(&before, &present, &read, &inputs);
    Ok(Computed { loaded, outcomes, after, followed, inputs, counts, present })
}

/// Whether so many objects have changed that looking at all of them is quicker.
fn is_crowd(changed: Option<&Vec<ChangedObject>>, present: Option<&RoaringBitmap>) -> bool {
    let (changed, present) = (changed.map_or(0, Vec::len), present.map_or(0, RoaringBitmap::len));
    changed as u64 > present / CHANGED_SHARE_MAX
}

/// Decides the groups whose rules need to look at the changed objects only; the others keep their plans.
fn singly(
    loaded: &mut Loaded,
    past: &Past,
    changed: &[Vec<ChangedObject>],
    (crowd, is_later): ([bool; 2], bool),
    settings: &Settings,
    choices: recompute::Settings,
) -> Vec<Followed> {
    let mut followed = vec![Followed::default(); loaded.inputs.len()];
    for (kind, subject) in SUBJECTS.into_iter().enumerate() {
        let nobody = RoaringBitmap::new();
        let changed = changed.get(kind).map(Vec::as_slice).unwrap_or_default();
        if crowd.get(kind).copied().unwrap_or(true) && !changed.is_empty() {
            continue;
        }
        let groups = loaded.groups.iter().zip(&loaded.inputs).enumerate();
        let mut places = Vec::new();
        let mut rules: Vec<(&TypedRule, &RoaringBitmap)> = Vec::new();
        for (at, (group, input)) in groups {
            let Some(rule) = input.plan.rule().filter(|rule| rule.subject == subject) else { continue };
            let Some(past) = past.get(&input.group) else { continue };
            let same = past.evaluated.is_some() && past.evaluated == Some(fingerprint(group, rule, settings));
            let clock = !rule.depends_on_now()
                || (is_later && past.next_change.is_none_or(|next| next > choices.now));
            let alone = rule.groups_read().is_empty() && !rule.reads_managers();
            if same && clock && alone {
                places.push((at, past.next_change));
                rules.push((rule, loaded.before.members(input.group).unwrap_or(&nobody)));
            }
        }
        let after: Vec<Object> = changed.iter().filter_map(|object| object.after.clone()).collect();
        let results = members_after(&rules, changed, choices);
        let attributes: BTreeMap<Arc<str>, _> = rules
            .iter()
            .filter(|(rule, _)| rule.depends_on_now())
            .flat_map(|(rule, _)| rule.attributes_read())
            .map(|attribute| (Arc::clone(&attribute.name), attribute))
            .collect();
        let columns = Columns::of_objects(&after, attributes.values());
        let mut clock = Clock::new(&columns, choices.now);
        let mut plans = Vec::with_capacity(places.len());
        for ((&(at, next), (rule, _)), result) in places.iter().zip(&rules).zip(results) {
            let next_change = next.into_iter().chain(clock.next_change(rule)).min();
            let evaluated = loaded.groups.get(at).map(|group| fingerprint(group, rule, settings));
            let (plan, follows) = match result {
                Ok(members) => {
                    (Plan::Known { members, status: Status::Succeeded }, Followed { evaluated, next_change })
                }
                Err(why) => (Plan::failed(&why), Followed::default()),
            };
            plans.push((at, plan, follows));
        }
        for (at, plan, follows) in plans {
            if let (Some(input), Some(home)) = (loaded.inputs.get_mut(at), followed.get_mut(at)) {
                (input.plan, *home) = (plan, follows);
            }
        }
    }
    followed
}

/// Reads what the rules that are left need of all objects.
fn fill(
    loaded: &mut Loaded,
    session: &Session<'_>,
    ids: [arrow_array::StringArray; 2],
    present: &[RoaringBitmap; 2],
) -> Result<(), Failure> {
    let rules: Vec<&TypedRule> = loaded.inputs.iter().filter_map(|input| input.plan.rule()).collect();
    let plans: Vec<Plan> = rules.into_iter().map(|rule| Plan::Rule(Box::new(rule.clone()))).collect();
    let wanted = wanted_of(&plans);
    let register: &Register = loaded.roster.register();
    let mut read = Vec::with_capacity(SUBJECTS.len());
    for ((subject, ids), present) in SUBJECTS.into_iter().zip(ids).zip(present) {
        let wanted = wanted.of(subject);
        let values = if wanted.attributes.is_empty() && !wanted.managers {
            crate::directory::column_reader::stored::StoredColumns::default()
        } else {
            session.values((register, holder_of(subject)), present, |name| name.is_of(wanted))?
        };
        read.push(values.into_read(ids, wanted)?);
    }
    let mut read = read.into_iter();
    if let (Some(users), Some(devices)) = (read.next(), read.next()) {
        let managers: Option<TextColumn> = users.managers;
        (loaded.users, loaded.devices, loaded.managers) = (users.columns, devices.columns, managers);
    }
    Ok(())
}

/// How many objects have a value of each attribute now.
fn values_after(read: &Inputs, changed: &[Vec<ChangedObject>]) -> BTreeMap<String, u64> {
    let mut values = read.values.clone();
    for (path, count) in &mut values {
        let Some((subject, name)) = path.split_once('.') else { continue };
        let kind = usize::from(subject == Subject::Device.word());
        let has = |object: &Option<Object>| {
            object.as_ref().is_some_and(|object| match object.get(name) {
                Value::Null => false,
                Value::Texts(items) => !items.is_empty(),
                Value::Plans(plans) => !plans.is_empty(),
                Value::Boolean(_) | Value::Text(_) | Value::Instant(_) => true,
            })
        };
        for object in changed.get(kind).into_iter().flatten() {
            let (before, after) = (u64::from(has(&object.before)), u64::from(has(&object.after)));
            *count = (*count + after).saturating_sub(before);
        }
    }
    values
}
