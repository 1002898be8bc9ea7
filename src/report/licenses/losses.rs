//! What users would lose and gain: for what-if reports and for guards.

use std::io;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::LicenseRun;
use super::naming::Words;
use crate::base::limits::GUARD_SAMPLE_MAX;
use crate::licensing::intent::UserIndex;
use crate::licensing::losses::losses;
use crate::licensing::tenant::UserIds;
use crate::report::printable::printable;

/// What users lose and gain, with names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossesReport {
    /// Products, as people know them, with their ids.
    products: Vec<Turnover>,
    /// What people lose the last plan for, such as a mailbox.
    data: Vec<(String, Users)>,
    /// Plans with data.
    plans: Vec<(Named, Users)>,
    /// Products of which seats are missing, before and after.
    short: Vec<(Named, u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Turnover {
    product: Named,
    lost: Users,
    gained: Users,
}

#[derive(Clone, Debug, PartialEq)]
struct Named {
    id: String,
    name: String,
}

/// How many, and the first ones by id.
#[derive(Clone, Debug, PartialEq)]
struct Users {
    count: u64,
    sample: Vec<String>,
}

impl LossesReport {
    /// What a batch takes and gives.
    pub fn of(run: &LicenseRun<'_>) -> Self {
        let found = losses(run.batch, run.before, run.after);
        let words = Words { tenant: run.after, names: run.names };
        let product = |sku| Named { id: words.sku_id(sku).to_owned(), name: words.product(sku).to_owned() };
        let users = |users: &RoaringBitmap| Users::of(users, run.ids);
        let turnover = |one: &crate::licensing::losses::ProductTurnover| Turnover {
            product: product(one.sku),
            lost: users(&one.lost),
            gained: users(&one.gained),
        };
        let plan = |one: &crate::licensing::losses::PlanLoss| {
            let name = words.plan(one.plan).to_owned();
            (Named { id: words.plan_id(one.plan).to_owned(), name }, users(&one.users))
        };
        Self {
            products: found.products.iter().map(turnover).collect(),
            data: found.data.iter().map(|one| (one.kind.clone(), users(&one.users))).collect(),
            plans: found.plans.iter().map(plan).collect(),
            short: found.short.iter().map(|one| (product(one.sku), one.before, one.after)).collect(),
        }
    }

    /// Whether nobody loses or gains anything.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.data.is_empty() && self.plans.is_empty() && self.short.is_empty()
    }

    /// Lines for people; nothing if nobody loses or gains anything.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(out, "licenses:")?;
        for Turnover { product, lost, gained } in &self.products {
            let name = printable(&product.name);
            lost.write("", &format!("would lose {name}"), out)?;
            gained.write("", &format!("would get {name}"), out)?;
        }
        for (kind, users) in &self.data {
            users.write("data at risk: ", &format!("would have no {} any more", printable(kind)), out)?;
        }
        for (product, before, after) in &self.short {
            let name = printable(&product.name);
            writeln!(out, "  seats short: {after} of {name} (before: {before})")?;
        }
        Ok(())
    }

    /// The same as an object.
    pub fn object(&self) -> Value {
        let products = self.products.iter().map(|one| {
            json!({
                "skuId": one.product.id,
                "name": one.product.name,
                "lost": one.lost.count,
                "lostSample": one.lost.sample,
                "gained": one.gained.count,
                "gainedSample": one.gained.sample,
            })
        });
        let data = self
            .data
            .iter()
            .map(|(kind, users)| json!({ "kind": kind, "users": users.count, "sample": users.sample }));
        let plans = self.plans.iter().map(|(plan, users)| {
            json!({ "servicePlanId": plan.id, "name": plan.name, "users": users.count, "sample": users.sample })
        });
        let short = self.short.iter().map(|(product, before, after)| {
            json!({ "skuId": product.id, "name": product.name, "before": before, "after": after })
        });
        json!({
            "products": products.collect::<Vec<_>>(),
            "dataAtRisk": data.collect::<Vec<_>>(),
            "plansAtRisk": plans.collect::<Vec<_>>(),
            "seatsShort": short.collect::<Vec<_>>(),
        })
    }
}

impl Users {
    fn of(users: &RoaringBitmap, ids: &dyn UserIds) -> Self {
        let mut sample: Vec<&str> = users.iter().map(|user| ids.id(UserIndex(user))).collect();
        if sample.len() > GUARD_SAMPLE_MAX {
            sample.select_nth_unstable(GUARD_SAMPLE_MAX);
            sample.truncate(GUARD_SAMPLE_MAX);
        }
        sample.sort_unstable();
        Self { count: users.len(), sample: sample.into_iter().map(str::to_owned).collect() }
    }

    /// A line: how many users, what becomes of them, and who they are.
    fn write(&self, label: &str, what: &str, out: &mut dyn io::Write) -> io::Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let users = if self.count == 1 { "1 user".to_owned() } else { format!("{} users", self.count) };
        let ids: Vec<_> = self.sample.iter().map(|id| printable(id)).collect();
        write!(out, "  {label}{users} {what}: {}", ids.join(", "))?;
        match self.count.saturating_sub(self.sample.len() as u64) {
            0 => writeln!(out),
            more => writeln!(out, " and {more} more"),
        }
    }
}
