//! The licenses that users hold before the first run, as the service tells of them.

use jiff::Timestamp;

use crate::directory::user_licenses::{LicenseState, UserLicense};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::{Group, Moment};
use crate::licensing::outcome::{AssignmentState, ErrorCode, Outcome, Problem, Record, Source};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::tenant::Tenant;

/// What users hold who are told to hold `licenses`. Groups that are not known are entered as ones that were
/// deleted.
pub(super) fn imported(tenant: &mut Tenant, licenses: &[UserLicense], since: Moment) -> Outcome {
    let mut outcome = Outcome::default();
    for license in licenses {
        let source = match &license.group_id {
            None => Source::Direct,
            Some(id) => Source::Group(tenant.find_group(id).unwrap_or_else(|| {
                tenant.add_group(Group { is_deleted: true, ..Group::new(id.clone(), false) })
            })),
        };
        // What failed for the user alone left nothing behind.
        if source == Source::Direct && state_of(license) == AssignmentState::Error {
            continue;
        }
        let sku = tenant.sku(&license.sku_id);
        let disabled: Vec<PlanIndex> =
            license.disabled_plans.iter().map(|plan| tenant.plan(plan, None)).collect();
        let time = license.last_updated.unwrap_or(since.time);
        outcome.put(record(license, (sku, source), disabled.into_iter().collect(), (since, time)));
    }
    outcome
}

fn record(
    license: &UserLicense,
    (sku, source): (SkuIndex, Source),
    disabled: PlanSet,
    (since, time): (Moment, Timestamp),
) -> Record {
    let state = state_of(license);
    let has_failed = matches!(state, AssignmentState::Error | AssignmentState::ActiveWithError);
    let error = has_failed.then(|| code(license.error.as_deref()));
    let problem = error.map(problem);
    let waits = problem == Some(Problem::NoSeat);
    Record {
        sku,
        source,
        state,
        error,
        problems: problem.into_iter().collect(),
        disabled,
        held_back: PlanSet::default(),
        pending_removal: false,
        last_updated: time,
        activated: state.is_in_force().then_some(Moment { time, ..since }),
        waiting_since: waits.then_some(time),
        error_since: error.map(|_| time),
    }
}

/// The state of a license in the words of the engine.
pub(super) fn state_of(license: &UserLicense) -> AssignmentState {
    match license.state {
        LicenseState::Active => AssignmentState::Active,
        LicenseState::ActiveWithError => AssignmentState::ActiveWithError,
        LicenseState::Error => AssignmentState::Error,
        LicenseState::Disabled => AssignmentState::Disabled,
    }
}

fn code(word: Option<&str>) -> ErrorCode {
    let all = [
        ErrorCode::ProhibitedInUsageLocationViolation,
        ErrorCode::MutuallyExclusiveViolation,
        ErrorCode::DependencyViolation,
        ErrorCode::CountViolation,
        ErrorCode::UniquenessViolation,
    ];
    let known = word.and_then(|word| all.into_iter().find(|code| code.word().eq_ignore_ascii_case(word)));
    known.unwrap_or(ErrorCode::Other)
}

/// The service tells the code only; the first look at the user finds out the rest.
fn problem(code: ErrorCode) -> Problem {
    match code {
        ErrorCode::CountViolation => Problem::NoSeat,
        ErrorCode::UniquenessViolation => Problem::AddressTaken,
        other => Problem::ChangeFailed(other),
    }
}
