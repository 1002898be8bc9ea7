//! A tenant ready to run: users and devices as columns, ordinals in place of ids, and a plan for each
//! group.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::failure::Failure;
use super::given::Membership;
use super::plans::plans_of;
use super::progress::Progress;
use super::remembered::{Inputs, Remembered};
use super::settings::Settings;
use crate::base::code;
use crate::base::fold::fold;
use crate::directory::column_reader::stored::StoredName;
use crate::directory::column_reader::{ReadColumns, Wanted};
use crate::directory::columns::{Columns, TextColumn};
use crate::directory::group::Group;
use crate::directory::mark::mark_of;
use crate::directory::policy::Policy;
use crate::directory::sku::Sku;
use crate::directory::tenant::{TenantColumns, TenantGroups};
use crate::language::attribute::{Attributes, Subject};
use crate::language::dialect::Dialect;
use crate::language::typed::TypedRule;
use crate::membership::recompute::{self, GroupInput, GroupOutcome, Objects, Plan};
use crate::membership::register::{Holder, Register};
use crate::membership::roster::{Ordinal, Roster, RowIds};
use crate::membership::snapshot::Snapshot;
use crate::report::summary::counted;
use crate::store::{Session, StoredGroup, present_ids};

/// A tenant ready to run.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) roster: Roster,
    pub(super) users: Columns,
    pub(super) devices: Columns,
    pub(super) managers: Option<TextColumn>,
    /// Who was there and is no more, whatever the members file says.
    pub(super) deleted: RoaringBitmap,
    /// Those of them of whom nothing but the end is known.
    pub(super) strangers: RoaringBitmap,
    /// The groups, and at the same places what is to be done with them.
    pub(super) groups: Vec<Group>,
    pub(super) inputs: Vec<GroupInput>,
    pub(super) before: Snapshot,
    /// How many of the groups stand in the folder; the others do so no more.
    pub(super) in_folder: usize,
    pub(super) policy: Policy,
    /// The products of the tenant.
    pub(super) skus: Vec<Sku>,
    /// Whether the licenses of the users are known from the last run.
    pub(super) is_licensed: bool,
    /// The directory's location.
    pub(super) country: Option<String>,
    /// The users with the service plans that licenses give them, where these are not what the files say.
    pub(super) overlaid: Option<Columns>,
    /// What is worth a look and no error.
    pub(super) warnings: Vec<String>,
    /// What it was read from; the counts of values are still to come.
    pub(super) read: Inputs,
}

/// What the tenant is compared with: an open session and what it remembers.
pub(super) struct Memory<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) remembered: Remembered,
}

/// What is known of groups from the last run.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) groups: Vec<StoredGroup>,
    /// Those who were deleted before anybody knew them.
    pub(super) strangers: RoaringBitmap,
    /// The groups with a license template, which cannot be deleted; `None` if nothing is known of licenses.
    pub(super) licensed: Option<RoaringBitmap>,
}

impl Loaded {
    /// Reads the tenant in `folder` on its own, with what licenses depend on: its members file says who was a
    /// member before.
    pub(super) fn read(folder: &Path, settings: &Settings, progress: &mut Progress) -> Result<Self, Failure> {
        let licenses = [of_licenses(), Wanted::default()];
        Self::read_with(folder, settings, progress, |_, _| Ok::<_, Failure>(licenses))
    }

    /// The same. `more` says from the groups and their plans what else is to be read of users and of
    /// devices; its error ends the reading.
    pub(super) fn read_with<E: From<Failure>>(
        folder: &Path,
        settings: &Settings,
        progress: &mut Progress,
        more: impl FnOnce(&[Group], &[Plan]) -> Result<[Wanted; 2], E>,
    ) -> Result<Self, E> {
        let (groups, plans) = Self::planned(folder, settings, progress)?;
        let [users, devices] = more(&groups.groups, &plans)?;
        let wanted = wanted_of(&plans);
        let wanted = Wanteds { users: wanted.users.and(&users), devices: wanted.devices.and(&devices) };
        Ok(Self::filled((groups, plans), &wanted, settings, None, progress)?)
    }

    /// Reads the tenant in `folder`: its groups first, because their rules say what is to be read of the
    /// users and devices. What was before is in `memory`.
    pub(super) fn resume(
        folder: &Path,
        settings: &Settings,
        memory: &mut Memory<'_>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let (groups, plans) = Self::planned(folder, settings, progress)?;
        let mut wanted = wanted_of(&plans);
        if !groups.skus.is_empty() || memory.remembered.licensed.is_some() {
            wanted.users = wanted.users.and(&of_licenses());
        }
        Self::filled((groups, plans), &wanted, settings, Some(memory), progress)
    }

    fn planned(
        folder: &Path,
        settings: &Settings,
        progress: &mut Progress,
    ) -> Result<(TenantGroups, Vec<Plan>), Failure> {
        let groups = progress.stage("read", "reading the groups", || TenantGroups::read(folder))?;
        let plans = progress.stage("compile", "compiling the rules", || plans_of(&groups.groups, settings));
        Ok((groups, plans))
    }

    fn filled(
        (groups, plans): (TenantGroups, Vec<Plan>),
        wanted: &Wanteds,
        settings: &Settings,
        memory: Option<&mut Memory<'_>>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        progress.stage("read", "reading users and devices", || {
            // Before they are read: a file that is replaced meanwhile must not be taken for this one.
            let [users_file, devices_file] =
                [groups.users_file(), groups.devices_file()].map(|path| path.and_then(mark_of));
            let members_file = groups.members_mark.clone();
            let tenant = groups.with_columns(&settings.attributes, |subject| wanted.of(subject).clone())?;
            let objects_name_groups = tenant.objects_name_groups;
            let loaded = match memory {
                None => Self::of(tenant, plans)?,
                Some(memory) => Self::of_memory(tenant, plans, wanted, memory)?,
            };
            let read =
                Inputs { users_file, devices_file, members_file, objects_name_groups, ..Inputs::default() };
            Ok(Self { read, ..loaded })
        })
    }

    /// Numbers everything in `tenant`; `plans` are those of its groups.
    fn of(mut tenant: TenantColumns, plans: Vec<Plan>) -> Result<Self, Failure> {
        let roster = roster_of(&mut tenant.users, &mut tenant.devices)?;
        Self::grouped(tenant, plans, roster, Known::default(), false)
    }

    /// Gives everything in `tenant` the ordinals that it had, and rows in their order.
    fn of_memory(
        mut tenant: TenantColumns,
        plans: Vec<Plan>,
        wanted: &Wanteds,
        memory: &mut Memory<'_>,
    ) -> Result<Self, Failure> {
        let Memory { session, remembered } = memory;
        let mut register = std::mem::take(&mut remembered.register);
        let mut kept = None;
        let present = &remembered.present[1];
        if !tenant.has_devices && !present.is_empty() {
            let (ids, _) = present_ids(&register, Holder::Device, present);
            let wanted = &wanted.devices;
            refuse_missing(session, Holder::Device, wanted)?;
            let values = session.values((&register, Holder::Device), present, |name| name.is_of(wanted))?;
            tenant.devices = values.into_read(ids, wanted)?;
            kept = Some(counted(tenant.devices.columns.rows(), "device"));
        }
        let of_users = place(&mut register, Holder::User, &mut tenant.users, &wanted.users)?;
        let of_devices = place(&mut register, Holder::Device, &mut tenant.devices, &wanted.devices)?;
        refuse_shared(&tenant.users, &tenant.devices)?;
        let users = (ids_of(&mut tenant.users), of_users);
        let devices = (ids_of(&mut tenant.devices), of_devices);
        let roster = Roster::resume(register, users, devices);
        let past = Known {
            groups: std::mem::take(&mut remembered.groups),
            strangers: std::mem::take(&mut remembered.strangers),
            licensed: remembered.licensed.clone(),
        };
        let mut loaded = Self::grouped(tenant, plans, roster, past, false)?;
        if let Some(devices) = kept {
            loaded.warnings.push(format!("the folder has no devices: {devices} of the last run are kept"));
        }
        Ok(loaded)
    }

    /// Says what is to be done with each group, and who was a member before: as is known, for other groups as
    /// the folder tells.
    ///
    /// Without a word about members in `tenant`, `is_known` says whether they were told before and are the same.
    pub(super) fn grouped(
        tenant: TenantColumns,
        plans: Vec<Plan>,
        mut roster: Roster,
        Known { groups: stored, strangers, licensed }: Known,
        is_known: bool,
    ) -> Result<Self, Failure> {
        let mut warnings = warnings_of(&tenant, &plans);
        let TenantColumns { users, devices, groups, members, tells_members, policy, .. } = tenant;
        let (skus, country) = (tenant.skus, tenant.organization.and_then(|it| it.country_letter_code));
        let in_folder = groups.len();
        let removed = users.removed.iter().chain(&devices.removed);
        let (deleted, strangers) = deleted(removed, strangers, &mut roster)?;
        let given = tells_members.then_some(&members);
        let Membership { groups, inputs, before, unknown } =
            Membership::of(groups, plans, (stored, licensed.as_ref()), given, &mut roster)?;
        if unknown > 0 && !is_known {
            warnings.push(format!(
                "nothing tells who is a member of {}: the members of the last run are kept",
                counted(unknown, "static group")
            ));
        }
        Ok(Self {
            roster,
            users: users.columns,
            devices: devices.columns,
            managers: users.managers,
            deleted,
            strangers,
            groups,
            inputs,
            before,
            in_folder,
            policy,
            skus,
            is_licensed: licensed.is_some(),
            country,
            overlaid: None,
            warnings,
            read: Inputs::default(),
        })
    }

    /// Who and what there is.
    pub(super) fn objects(&self) -> Objects<'_> {
        Objects {
            users: self.overlaid.as_ref().unwrap_or(&self.users),
            devices: &self.devices,
            managers: self.managers.as_ref(),
            deleted: &self.deleted,
            roster: &self.roster,
        }
    }

    /// Computes the members of all groups.
    pub(super) fn recompute(
        &self,
        settings: recompute::Settings,
        progress: &mut Progress,
    ) -> (Vec<GroupOutcome>, Snapshot) {
        let objects = self.objects();
        progress.share("evaluate", recompute::evaluations(&self.inputs, objects), |done| {
            recompute::recompute(&self.inputs, objects, &self.before, settings, done)
        })
    }
}

/// Who was there and is no more: `removed`, those of earlier runs who have no row now, and `strangers`, to
/// whom those of `removed` come that nobody knew. Gives the strangers too.
fn deleted<'id>(
    removed: impl IntoIterator<Item = &'id String>,
    mut strangers: RoaringBitmap,
    roster: &mut Roster,
) -> Result<(RoaringBitmap, RoaringBitmap), Failure> {
    let mut deleted = roster.gone();
    for id in removed {
        let ordinal = ordinal(roster, id)?;
        deleted.insert(ordinal);
        if roster.register().position(ordinal).is_some_and(|(holder, _)| holder == Holder::Other) {
            strangers.insert(ordinal);
        }
    }
    deleted |= &strangers;
    Ok((deleted, strangers))
}

/// What is to be read of users and of devices.
#[derive(Debug, Default)]
pub(super) struct Wanteds {
    pub(super) users: Wanted,
    pub(super) devices: Wanted,
}

impl Wanteds {
    pub(super) fn of(&self, subject: Subject) -> &Wanted {
        match subject {
            Subject::User => &self.users,
            Subject::Device => &self.devices,
        }
    }
}

/// What the rules of `plans` read.
pub(super) fn wanted_of<'plan>(plans: impl IntoIterator<Item = &'plan Plan>) -> Wanteds {
    let rules: Vec<&TypedRule> = plans.into_iter().filter_map(Plan::rule).collect();
    let managers = rules.iter().any(|rule| rule.reads_managers());
    let of = |subject, managers| Wanted::of_rules(rules.iter().copied(), subject, managers);
    Wanteds { users: of(Subject::User, managers), devices: of(Subject::Device, false) }
}

/// What is to be read of users for their licenses: what decides about them, and whether they are guests.
pub(super) fn of_licenses() -> Wanted {
    let mut wanted = Wanted::default().with_licenses();
    wanted.attributes.extend(Attributes::standard().find(Subject::User, "userType"));
    wanted
}

/// The ordinals of what was read, whose rows are brought into their order.
fn place(
    register: &mut Register,
    holder: Holder,
    read: &mut ReadColumns,
    wanted: &Wanted,
) -> Result<Vec<Ordinal>, Failure> {
    let mut positions = register.place(holder, &read.columns.ids).ok_or_else(too_many)?;
    if !positions.is_sorted() {
        // There are no more rows than positions.
        let mut rows: Vec<u32> = (0..u32::try_from(positions.len()).unwrap_or(u32::MAX)).collect();
        rows.par_sort_unstable_by_key(|&row| positions.get(row as usize));
        *read = std::mem::take(read).taken(&rows, wanted)?;
        positions.par_sort_unstable();
    }
    let ordinals = positions.into_iter().map(|position| register.ordinal(holder, position));
    ordinals.collect::<Option<_>>().ok_or_else(too_many)
}

/// With a state, an id is a user or a device, not both.
fn refuse_shared(users: &ReadColumns, devices: &ReadColumns) -> Result<(), Failure> {
    let both = devices.columns.ids.iter().flatten().find(|id| users.row(id).is_some());
    both.map_or(Ok(()), |id| {
        Err(Failure::new(format!(
            "`{id}` is the id of a user and of a device; a state file cannot hold both"
        )))
    })
}

/// What is not in the state cannot be taken from there.
pub(super) fn refuse_missing(session: &Session<'_>, holder: Holder, wanted: &Wanted) -> Result<(), Failure> {
    let stored = session.stored_names(holder)?;
    let missing = StoredName::missing(&stored, wanted);
    let Some(first) = missing.first() else { return Ok(()) };
    let word = holder.word();
    Err(Failure::new(format!(
        "{}, which the state file does not hold: run once with the {word}s of the tenant folder and without \
         --changed",
        now_read(word, first)
    )))
}

/// What is read now and was not before.
pub(super) fn now_read(word: &str, attribute: &str) -> String {
    if attribute.starts_with('@') {
        format!("licenses are looked at, for which something of {word}s is read")
    } else {
        format!("rules now read `{word}.{attribute}`")
    }
}

fn ids_of(read: &mut ReadColumns) -> RowIds {
    RowIds::new(read.columns.ids.clone(), std::mem::take(&mut read.index))
}

/// The roster of the rows that were read; the indexes move into it.
pub(super) fn roster_of(users: &mut ReadColumns, devices: &mut ReadColumns) -> Result<Roster, Failure> {
    Roster::new(ids_of(users), ids_of(devices)).ok_or_else(too_many)
}

pub(super) fn ordinal(roster: &mut Roster, id: &str) -> Result<Ordinal, Failure> {
    roster.intern(id).ok_or_else(too_many)
}

pub(super) fn too_many() -> Failure {
    Failure::new("more objects than a run can hold (4,294,967,295)")
}

/// What is worth a look and no error: groups that are named and not there, chains of `memberOf`.
fn warnings_of(tenant: &TenantColumns, plans: &[Plan]) -> Vec<String> {
    let reads_groups = |plan: &Plan| plan.rule().is_some_and(|rule| !rule.groups_read().is_empty());
    let known: HashMap<_, _> =
        tenant.groups.iter().zip(plans).map(|(group, plan)| (fold(&group.id), reads_groups(plan))).collect();
    let mut warnings = Vec::new();
    for (group, plan) in tenant.groups.iter().zip(plans) {
        let Some(rule) = plan.rule() else { continue };
        for source in rule.groups_read() {
            let finding = match known.get(&fold(source)) {
                None => format!("which the tenant does not have [{}]", code::UNKNOWN_GROUP.id),
                Some(true) if rule.dialect == Dialect::Entra => {
                    "which has a memberOf rule itself; the service may not follow it".to_owned()
                }
                Some(_) => continue,
            };
            warnings.push(format!("group `{}`: memberOf names `{source}`, {finding}", group.id));
        }
    }
    let unknown = tenant.unknown_groups();
    if let Some(first) = unknown.first() {
        let groups = counted(unknown.len(), "group");
        warnings
            .push(format!("left out: members of {groups} that the tenant does not have, such as `{first}`"));
    }
    warnings
}
