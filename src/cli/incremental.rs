//! A run over changed objects only: their rules object by object, and in full only what the change can reach
//! in other ways.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use arrow_array::StringArray;
use roaring::RoaringBitmap;

use super::args::MemoryArgs;
use super::changed_objects::{Counts, Told, holder_of, read_again, refuse_other_kind, rows_of};
use super::computed::{Computed, counts_of, followed_in_full};
use super::failure::Failure;
use super::licenses::{Occasion, Rounds, has_refused_direct, reads_plans};
use super::loaded::{Known, Loaded, Memory, Wanteds, wanted_of};
use super::plans::plans_of;
use super::progress::Progress;
use super::recompute::{nothing_remembered, past_of};
use super::remembered::{Inputs, Remembered};
use super::settings::Settings;
use super::singly::singly;
use crate::base::fold::fold;
use crate::base::limits::CHANGED_SHARE_MAX;
use crate::directory::column_reader::ReadColumns;
use crate::directory::column_reader::stored::StoredColumns;
use crate::directory::columns::Columns;
use crate::directory::mark::mark_of;
use crate::directory::object::{Object, Value};
use crate::directory::tenant::TenantGroups;
use crate::language::attribute::Subject;
use crate::membership::changed::ChangedObject;
use crate::membership::recompute::{self, Plan, Status};
use crate::membership::register::Register;
use crate::membership::roster::Roster;
use crate::report::summary::counted;
use crate::store::Session;

/// Computes the members after the changes in the files of `args`.
pub(super) fn computed(
    args: &MemoryArgs,
    folder: &Path,
    settings: &Settings,
    choices: recompute::Settings,
    memory: &mut Memory<'_>,
    occasion: &Occasion,
    progress: &mut Progress,
) -> Result<Computed, Failure> {
    let session = memory.session;
    let mut remembered = std::mem::take(&mut memory.remembered);
    let Some(last) = remembered.last.take() else {
        return Err(nothing_remembered(session.path()));
    };
    let told = progress.stage("read", "reading the changes", || {
        let register = &mut remembered.register;
        let users = Told::read(Subject::User, &args.changed, settings, register)?;
        Ok::<_, Failure>([users, Told::read(Subject::Device, &args.changed_devices, settings, register)?])
    })?;
    let tenant = progress.stage("read", "reading the groups", || tenant_of(folder, &told, &remembered))?;
    let plans = progress.stage("compile", "compiling the rules", || plans_of(&tenant.groups, settings));
    let mut wanted = wanted_of(&plans);
    if remembered.licensed.is_some() {
        wanted.users = wanted.users.with_licenses();
    }
    let declared = declared_since(&remembered.inputs, &wanted, settings, session.path())?;
    let (changed, anew) = progress.stage("read", "bringing attributes up to date", || {
        objects_of(session, &told, &tenant, &remembered, &wanted, settings)
    })?;
    let Remembered {
        register, groups: stored, present: before, strangers, inputs: mut read, licensed, ..
    } = remembered;
    read.count_anew(anew);
    let past = past_of(&stored);
    let present = both(&told, &before).map(|(told, present)| told.present(present));
    let members_file = tenant.members_mark.clone();
    let (mut loaded, ids) = loaded_of(
        register,
        tenant,
        (plans, Known { groups: stored, strangers, licensed }),
        &told,
        &present,
        &read,
    )?;
    let followed = progress.stage("evaluate", "looking at what changed", || {
        let crowd = both(&changed, &present).map(|(changed, present)| is_crowd(changed, present));
        singly(&mut loaded, &past, &changed, (crowd, choices.now >= last.head.now), settings, choices)
    });
    let asks_again = has_refused_direct(session)?;
    progress.stage("read", "reading attributes", || fill(&mut loaded, session, ids, &present, asks_again))?;
    let ([changed_users, _], [users, _]) = (&changed, &present);
    let rounds = progress.stage("read", "reading licenses", || {
        Rounds::begin(&mut loaded, Some(session), Some((changed_users, users)), occasion)
    })?;
    let mut members = loaded.recompute(choices, progress);
    let licensed = match rounds {
        Some(rounds) => Some(rounds.settle(&mut loaded, &mut members, choices, progress)?),
        None => None,
    };
    let (outcomes, after) = members;
    let followed = followed_in_full(&loaded, &outcomes, settings, choices.now, followed);
    let values = values_after(&read, &changed);
    let inputs = Inputs { values, members_file, declared: Some(declared), ..read.clone() };
    let counts = counts_of(&before, &present, &read, &inputs);
    Ok(Computed { loaded, outcomes, after, followed, inputs, counts, present, licensed })
}

/// What belongs to users, and what belongs to devices.
fn both<'a, A, B>(one: &'a [A; 2], other: &'a [B; 2]) -> [(&'a A, &'a B); 2] {
    let ([one_users, one_devices], [other_users, other_devices]) = (one, other);
    [(one_users, other_users), (one_devices, other_devices)]
}

/// Groups and policy of the folder, and the members file unless it was read before and tells nothing new.
fn tenant_of(folder: &Path, told: &[Told; 2], remembered: &Remembered) -> Result<TenantGroups, Failure> {
    let Remembered { register, groups, present, strangers, inputs, .. } = remembered;
    let is_known = |mark: Option<&str>| mark.is_some() && mark == inputs.members_file.as_deref();
    let tenant = TenantGroups::read_for_changes(folder, is_known)?;
    // Of new groups, and of those who come back, the file may tell what did not count before.
    let known: HashMap<_, _> = groups.iter().map(|group| (fold(&group.head.id), &group.head)).collect();
    // It does not count while a group has a rule.
    let is_new = tenant.groups.iter().any(|group| {
        let stored = known.get(&fold(&group.id));
        stored.is_none_or(|stored| !group.is_dynamic() && stored.status != Status::Static.word())
    });
    let come_back =
        both(told, present).iter().any(|(told, present)| told.come_back(register, present, strangers));
    if is_new || come_back { Ok(TenantGroups::read_for_changes(folder, |_| false)?) } else { Ok(tenant) }
}

/// The declared attributes that every run over changes since the last full one has known, this one included.
/// What others told of an attribute that was not declared then is lost.
fn declared_since(
    inputs: &Inputs,
    wanted: &Wanteds,
    settings: &Settings,
    state: &Path,
) -> Result<BTreeSet<String>, Failure> {
    let declared =
        |subject| settings.attributes.of(subject).into_iter().filter(|attribute| attribute.declared);
    let paths = |subject| declared(subject).map(|attribute| attribute.path()).collect::<BTreeSet<String>>();
    let now: BTreeSet<String> = &paths(Subject::User) | &paths(Subject::Device);
    let Some(since) = &inputs.declared else { return Ok(now) };
    let both = [&wanted.users, &wanted.devices];
    let mut asked =
        both.into_iter().flat_map(|wanted| &wanted.attributes).filter(|attribute| attribute.declared);
    if let Some(lost) = asked.find(|attribute| !since.contains(&attribute.path())) {
        let (state, path) = (state.display(), lost.path());
        return Err(Failure::new(format!(
            "{state}: an earlier run over changes did not know `{path}` and passed over what it was told of it: run \
             once without --changed"
        )));
    }
    Ok(&now & since)
}

/// The changed users and devices, and what attributes count that were stored anew for them.
type Updated = ([Vec<ChangedObject>; 2], [Option<Counts>; 2]);

/// The changed objects; what is stored of them is brought up to date. And what attributes count that were
/// stored anew for that.
fn objects_of(
    session: &Session<'_>,
    told: &[Told; 2],
    tenant: &TenantGroups,
    remembered: &Remembered,
    wanted: &Wanteds,
    settings: &Settings,
) -> Result<Updated, Failure> {
    let Remembered { register, present: [users, devices], inputs, .. } = remembered;
    let of = |told: &Told, present, others, path: Option<&Path>, mark: &Option<String>| {
        refuse_other_kind(told, register, others)?;
        let wanted = wanted.of(told.subject);
        let is_same = mark.is_some() && path.is_some_and(|path| mark_of(path) == *mark);
        let anew = read_again(session, register, told.subject, (path, is_same), present, wanted, settings)?;
        Ok::<_, Failure>((told.apply(session, register, present, wanted, settings)?, anew))
    };
    let [of_users, of_devices] = told;
    let (users_changed, users_anew) = of(of_users, users, devices, tenant.users_file(), &inputs.users_file)?;
    let (devices_changed, devices_anew) =
        of(of_devices, devices, users, tenant.devices_file(), &inputs.devices_file)?;
    Ok(([users_changed, devices_changed], [users_anew, devices_anew]))
}

/// The tenant after the changes, without the attributes of its objects; and the ids of these.
fn loaded_of(
    register: Register,
    tenant: TenantGroups,
    (plans, past): (Vec<Plan>, Known),
    told: &[Told; 2],
    present: &[RoaringBitmap; 2],
    read: &Inputs,
) -> Result<(Loaded, [StringArray; 2]), Failure> {
    let rows =
        both(told, present).map(|(told, present)| rows_of(&register, told.holder, present, &told.ids()));
    let ids = rows.each_ref().map(|(rows, _)| rows.ids().clone());
    let [users, devices] = rows;
    let roster = Roster::resume(register, users, devices);
    if tenant.members_read && read.objects_name_groups {
        let why = "the members of some group have to be read again, and users or devices themselves name groups, \
                   which a run over changes does not see: run once without --changed";
        return Err(Failure::new(why));
    }
    let is_known = !tenant.members_read && tenant.members_mark.is_some();
    let objects = both(told, &ids).map(|(told, ids)| ReadColumns {
        columns: Columns::of_ids(ids.clone()),
        removed: told.strangers.clone(),
        ..ReadColumns::default()
    });
    let mut loaded = Loaded::grouped(tenant.with_objects(objects), plans, roster, past, is_known)?;
    loaded.read = read.clone();
    let naming = told.iter().flat_map(|told| &told.changes).filter(|change| change.names_groups).count();
    if naming > 0 {
        let objects = counted(naming, "changed object");
        loaded.warnings.push(format!("only a run without --changed follows the `memberOf` of {objects}"));
    }
    Ok((loaded, ids))
}

/// Whether so many objects have changed that looking at all of them is quicker.
fn is_crowd(changed: &[ChangedObject], present: &RoaringBitmap) -> bool {
    !changed.is_empty() && changed.len() as u64 > present.len() / CHANGED_SHARE_MAX
}

/// Reads what the rules that are left need of all objects, and licenses if some are asked for again.
fn fill(
    loaded: &mut Loaded,
    session: &Session<'_>,
    [users, devices]: [StringArray; 2],
    [of_users, of_devices]: &[RoaringBitmap; 2],
    asks_again: bool,
) -> Result<(), Failure> {
    let mut wanted = wanted_of(loaded.inputs.iter().map(|input| &input.plan));
    if asks_again || loaded.inputs.iter().any(|input| reads_plans(&input.plan)) {
        wanted.users = wanted.users.with_licenses();
    }
    let register = loaded.roster.register();
    let read = |subject: Subject, ids, present| {
        let wanted = wanted.of(subject);
        let values = if wanted.attributes.is_empty() && !wanted.managers {
            StoredColumns::default()
        } else {
            session.values((register, holder_of(subject)), present, |name| name.is_of(wanted))?
        };
        Ok::<_, Failure>(values.into_read(ids, wanted)?)
    };
    let (users, devices) =
        (read(Subject::User, users, of_users)?, read(Subject::Device, devices, of_devices)?);
    loaded.managers = users.managers;
    (loaded.users, loaded.devices) = (users.columns, devices.columns);
    Ok(())
}

/// How many objects have a value of each attribute now.
fn values_after(read: &Inputs, changed: &[Vec<ChangedObject>; 2]) -> BTreeMap<String, u64> {
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
