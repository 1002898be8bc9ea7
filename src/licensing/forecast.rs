//! How many seats each product needs, now and later.

use std::collections::BTreeMap;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::batch::PoolReport;
use super::catalog::SkuIndex;
use super::demand::Demand;
use super::outcome::{AssignmentState, Outcome, Problem, Record};
use super::tenant::Tenant;

/// The seats of one product, and who is without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatForecast {
    /// The product.
    pub sku: SkuIndex,
    /// Seats that can be in use.
    pub capacity: u64,
    /// Seats in use.
    pub consumed: u64,
    /// Users who are to have it from any source and are not deleted: the seats in use if all of them had it.
    pub demand: u64,
    /// By how much the demand is larger than the capacity.
    pub short: u64,
    /// Users who wait for a seat of it.
    pub waiting: u64,
    /// Users without it for lack of a seat of another product that they are to get with it.
    pub waiting_elsewhere: u64,
    /// Users without it for another reason than seats.
    pub blocked: u64,
    /// Users who have it and are not to have it any more: their seats become free when what they wait for
    /// has happened, or their time is over.
    pub kept: u64,
}

/// What seats of a product are needed at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatNeed {
    /// The instant.
    pub at: Timestamp,
    /// Users who are to have it.
    pub demand: u64,
    /// Seats that can be in use.
    pub capacity: u64,
}

/// How the need for one product goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatCourse {
    /// The product.
    pub sku: SkuIndex,
    /// At the first instant.
    pub first: SeatNeed,
    /// At the last instant.
    pub last: SeatNeed,
    /// Where the demand is highest, for the first time.
    pub peak: SeatNeed,
    /// Where the demand is larger than the capacity for the first time.
    pub first_short: Option<SeatNeed>,
    /// Where most seats are missing, for the first time.
    pub worst: Option<SeatNeed>,
}

/// The need for seats over several instants, by product.
///
/// ```
/// use dyngroup::licensing::batch::PoolReport;
/// use dyngroup::licensing::catalog::SkuIndex;
/// use dyngroup::licensing::forecast::SeatTimeline;
/// let pool = |demand, capacity| {
///     vec![PoolReport { sku: SkuIndex(0), capacity, consumed: 0, available: 0, waiting: 0, demand }]
/// };
/// let time = |day: u8| format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
/// let timeline = SeatTimeline::of(&[(time(1), pool(8, 10)), (time(2), pool(12, 10)), (time(3), pool(11, 5))]);
/// let course = timeline.courses[0];
/// assert_eq!(course.first_short.map(|need| need.at), Some(time(2)));
/// assert_eq!((course.peak.demand, course.worst.map(|need| need.short())), (12, Some(6)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatTimeline {
    /// By product.
    pub courses: Vec<SeatCourse>,
}

/// Looks at the seats of every product that the tenant has, or that someone is to have.
pub fn forecast(tenant: &Tenant) -> Vec<SeatForecast> {
    let demand = Demand::of(tenant, &tenant.user_classes());
    let standing = Standing::of(tenant);
    tenant.pools().iter().map(|pool| standing.forecast(pool, &demand)).collect()
}

/// By product, users by what they have of it.
#[derive(Default)]
struct Standing {
    holders: BTreeMap<SkuIndex, RoaringBitmap>,
    waiting: BTreeMap<SkuIndex, RoaringBitmap>,
    /// Users for whom only seats are missing, of whatever product.
    short: BTreeMap<SkuIndex, RoaringBitmap>,
    /// Users with any error that keeps it from them.
    failing: BTreeMap<SkuIndex, RoaringBitmap>,
}

impl Standing {
    fn of(tenant: &Tenant) -> Self {
        let mut standing = Self::default();
        for (outcome, users) in tenant.outcome_classes() {
            enter(&mut standing.holders, outcome.held(), &users);
            enter(&mut standing.waiting, outcome.waiting(), &users);
            let failing = || outcome.records.iter().filter(|record| record.state == AssignmentState::Error);
            enter(&mut standing.failing, failing().map(|record| record.sku), &users);
            let short = failing().filter(|record| lacks_only_seats(&outcome, record));
            enter(&mut standing.short, short.map(|record| record.sku), &users);
        }
        standing
    }

    fn forecast(&self, pool: &PoolReport, demand: &Demand) -> SeatForecast {
        let sku = pool.sku;
        let of = |sets: &BTreeMap<SkuIndex, RoaringBitmap>| sets.get(&sku).cloned().unwrap_or_default();
        let (wanted, holders) = (demand.of_product(sku), of(&self.holders));
        let without = &wanted - &holders - of(&self.waiting);
        let short = of(&self.short) & &without;
        SeatForecast {
            sku,
            capacity: pool.capacity,
            consumed: pool.consumed,
            demand: pool.demand,
            short: pool.demand.saturating_sub(pool.capacity),
            waiting: pool.waiting,
            blocked: ((of(&self.failing) & &without) - &short).len(),
            waiting_elsewhere: short.len(),
            kept: (holders - wanted).len(),
        }
    }
}

fn enter(
    sets: &mut BTreeMap<SkuIndex, RoaringBitmap>,
    skus: impl IntoIterator<Item = SkuIndex>,
    users: &RoaringBitmap,
) {
    for sku in skus {
        *sets.entry(sku).or_default() |= users;
    }
}

/// Whether nothing but seats, of this or of another product, is missing for all that comes with a record.
fn lacks_only_seats(outcome: &Outcome, record: &Record) -> bool {
    let own = outcome.records.iter().filter(|other| other.source == record.source);
    let is_own = |problem: &&Problem| !matches!(problem, Problem::Sibling);
    let alone: Vec<&Problem> = record.problems.iter().filter(is_own).collect();
    let reasons: Vec<&Problem> = if alone.is_empty() {
        let failing = own.filter(|other| other.state == AssignmentState::Error);
        failing.flat_map(|other| &other.problems).filter(is_own).collect()
    } else {
        alone
    };
    !reasons.is_empty() && reasons.iter().all(|problem| matches!(problem, Problem::NoSeat))
}

impl SeatTimeline {
    /// Puts together what [`Tenant::pools`] says at several instants, in any order. The tenants have to share
    /// one catalog, so that a product has the same place in all of them. A product that is missing at an
    /// instant is not looked at there.
    pub fn of(points: &[(Timestamp, Vec<PoolReport>)]) -> Self {
        let mut points: Vec<&(Timestamp, Vec<PoolReport>)> = points.iter().collect();
        points.sort_by_key(|(at, _)| *at);
        let mut courses: BTreeMap<SkuIndex, SeatCourse> = BTreeMap::new();
        for (at, pools) in points {
            for pool in pools {
                let need = SeatNeed { at: *at, demand: pool.demand, capacity: pool.capacity };
                courses
                    .entry(pool.sku)
                    .and_modify(|course| course.go_on(need))
                    .or_insert_with(|| SeatCourse::starting(pool.sku, need));
            }
        }
        Self { courses: courses.into_values().collect() }
    }
}

impl SeatCourse {
    fn starting(sku: SkuIndex, need: SeatNeed) -> Self {
        let short = (need.short() > 0).then_some(need);
        Self { sku, first: need, last: need, peak: need, first_short: short, worst: short }
    }

    fn go_on(&mut self, need: SeatNeed) {
        self.last = need;
        if need.demand > self.peak.demand {
            self.peak = need;
        }
        if need.short() > 0 {
            self.first_short.get_or_insert(need);
        }
        if need.short() > self.worst.map_or(0, |worst| worst.short()) {
            self.worst = Some(need);
        }
    }
}

impl SeatNeed {
    /// How many seats are missing.
    pub fn short(&self) -> u64 {
        self.demand.saturating_sub(self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::World;
    use super::*;

    /// The figures of one product as `capacity/consumed demand-short waiting elsewhere blocked kept`.
    fn figures(world: &mut World, sku: &str) -> [u64; 8] {
        let sku = world.sku(sku);
        let all = forecast(&world.tenant);
        let one = all.into_iter().find(|one| one.sku == sku).unwrap();
        let SeatForecast {
            capacity, consumed, demand, short, waiting, waiting_elsewhere, blocked, kept, ..
        } = one;
        [capacity, consumed, demand, short, waiting, waiting_elsewhere, blocked, kept]
    }

    #[test]
    fn users_are_told_apart_by_what_they_lack() {
        let mut world = World::new("");
        world.seats("ems", 2);
        world.seats("e3", 3);
        // Two get both products; the third has no seat of the second, and so no suite.
        world.group("a-both", "e3, ems", 0..3);
        // The first of two gets the last seat.
        world.group("b-suite", "e3", 3..5);
        // One of these clashes with what the user has.
        world.group("c-first", "e1", 10..12);
        world.group("d-later", "e3", 11..12);
        world.deleted(20..21);
        world.direct(20..22, "ems");
        world.settle();
        assert_eq!(figures(&mut world, "e3"), [3, 3, 6, 3, 1, 1, 1, 0]);
        assert_eq!(figures(&mut world, "ems"), [2, 2, 4, 2, 2, 0, 0, 0]);
        assert_eq!(figures(&mut world, "e1"), [5, 2, 2, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn kept_licenses_free_a_seat_later() {
        let mut world = World::new("");
        let suite = world.group("suite", "e3", 0..2);
        world.settle();
        let audio = world.version("audio");
        let user = crate::licensing::intent::UserIndex(0);
        world.run(vec![crate::licensing::event::EventKind::DirectSet { user, add: audio, remove: vec![] }]);
        let leave = World::leave(suite, 0..2);
        world.run(vec![leave]);
        // One leaves for good, the other has an addition that needs the suite.
        assert_eq!(figures(&mut world, "e3"), [5, 1, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn instants_count_in_their_order() {
        let time = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let pool = |sku, demand, capacity| PoolReport {
            sku: SkuIndex(sku),
            capacity,
            consumed: 0,
            available: 0,
            waiting: 0,
            demand,
        };
        let points = [
            (time(3), vec![pool(1, 9, 6), pool(0, 1, 1)]),
            (time(1), vec![pool(1, 5, 5)]),
            (time(2), vec![pool(1, 7, 5), pool(0, 3, 3)]),
            (time(4), vec![pool(1, 9, 9)]),
        ];
        let timeline = SeatTimeline::of(&points);
        let [steady, growing] = timeline.courses[..] else { panic!("{timeline:?}") };
        assert_eq!((steady.first.at, steady.last.at, steady.peak.demand), (time(2), time(3), 3));
        assert_eq!((steady.first_short, steady.worst), (None, None));
        assert_eq!((growing.first.at, growing.last.short()), (time(1), 0));
        assert_eq!(growing.first_short, Some(SeatNeed { at: time(2), demand: 7, capacity: 5 }));
        assert_eq!(growing.worst, Some(SeatNeed { at: time(3), demand: 9, capacity: 6 }));
        assert_eq!(growing.peak.at, time(3));
        assert_eq!(SeatTimeline::of(&[]), SeatTimeline::default());
    }
}
