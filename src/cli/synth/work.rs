//! Departments, job titles and companies.

use super::random::{Generator, Pool};

/// What people do, and for whom.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) departments: Pool<Department>,
    grades: Pool<&'static str>,
    roles: Pool<&'static str>,
    /// Every title there can be.
    pub(super) titles: Pool<String>,
    pub(super) companies: Pool<Company>,
}

/// A department.
#[derive(Debug)]
pub(super) struct Department {
    /// Such as `Sales EMEA`.
    pub(super) name: String,
    /// Without its region, such as `Sales`.
    pub(super) base: &'static str,
    /// The word that most of its titles have in the middle.
    area: &'static str,
}

/// A company of the tenant, with the domain of its addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Company {
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
}

impl Work {
    pub(super) fn new() -> Self {
        let departments = DEPARTMENT_ENDS.iter().flat_map(|end| {
            DEPARTMENTS.iter().map(move |&(base, area)| Department {
                name: format!("{base}{end}"),
                base,
                area,
            })
        });
        let titles = GRADES.iter().flat_map(|grade| {
            ROLES.iter().flat_map(move |role| AREAS.iter().map(move |area| format!("{grade}{area} {role}")))
        });
        let companies = COMPANIES.iter().map(|&(name, domain)| Company { name, domain });
        Self {
            departments: Pool::falling(departments.collect(), 1.0),
            grades: Pool::falling(GRADES.to_vec(), 1.3),
            roles: Pool::falling(ROLES.to_vec(), 0.8),
            titles: Pool::falling(titles.collect(), 1.0),
            companies: Pool::falling(companies.collect(), 1.1),
        }
    }

    /// A title as people of a department have it.
    pub(super) fn title_in(&self, department: &Department, generator: &mut Generator) -> String {
        let (grade, role) = (self.grades.draw(generator), self.roles.draw(generator));
        format!("{grade}{} {role}", department.area)
    }
}

/// Each with the area that its titles name.
pub(super) const DEPARTMENTS: [(&str, &str); 40] = [
    ("Sales", "Sales"),
    ("Engineering", "Software"),
    ("Production", "Plant"),
    ("Finance", "Finance"),
    ("Information Technology", "Network"),
    ("Human Resources", "People"),
    ("Customer Care", "Customer"),
    ("Marketing", "Brand"),
    ("Logistics", "Logistics"),
    ("Quality", "Quality"),
    ("Research", "Materials"),
    ("Purchasing", "Sourcing"),
    ("Legal", "Contract"),
    ("Data Office", "Data"),
    ("Field Service", "Service"),
    ("Information Security", "Security"),
    ("Product Management", "Product"),
    ("Warehouse", "Logistics"),
    ("Controlling", "Finance"),
    ("Facilities", "Plant"),
    ("Learning", "People"),
    ("Communications", "Brand"),
    ("Internal Audit", "Process"),
    ("Tax", "Finance"),
    ("Treasury", "Finance"),
    ("Compliance", "Process"),
    ("Health & Safety", "Plant"),
    ("Design", "Product"),
    ("Laboratory", "Materials"),
    ("Spare Parts", "Service"),
    ("Online Shop", "Software"),
    ("Partner Business", "Sales"),
    ("Tendering", "Contract"),
    ("Fleet", "Logistics"),
    ("Energy", "Plant"),
    ("Payroll", "People"),
    ("Strategy", "Process"),
    ("Investor Relations", "Finance"),
    ("Archive", "Data"),
    ("Board Office", "Process"),
];

/// What may stand behind a department's name.
pub(super) const DEPARTMENT_ENDS: [&str; 5] = ["", " EMEA", " AMER", " APAC", " Shared Services"];

/// What may stand before a title.
pub(super) const GRADES: [&str; 18] = [
    "",
    "Senior ",
    "Junior ",
    "Lead ",
    "Principal ",
    "Head of ",
    "Associate ",
    "Assistant ",
    "Deputy ",
    "Chief ",
    "Trainee ",
    "Group ",
    "Regional ",
    "Acting ",
    "Staff ",
    "Global ",
    "Interim ",
    "Working Student, ",
];

/// What titles are about.
pub(super) const AREAS: [&str; 16] = [
    "Software",
    "Sales",
    "Finance",
    "Plant",
    "People",
    "Customer",
    "Logistics",
    "Quality",
    "Data",
    "Network",
    "Product",
    "Service",
    "Brand",
    "Process",
    "Contract",
    "Security",
];

/// The last word of a title.
pub(super) const ROLES: [&str; 12] = [
    "Specialist",
    "Engineer",
    "Manager",
    "Analyst",
    "Technician",
    "Consultant",
    "Coordinator",
    "Developer",
    "Administrator",
    "Architect",
    "Planner",
    "Officer",
];

/// Companies of the tenant and their domains, the biggest first.
pub(super) const COMPANIES: [(&str, &str); 24] = [
    ("Contoso", "contoso.example"),
    ("Contoso Services", "contoso.example"),
    ("Halvorsen Shipping AS", "halvorsen.example"),
    ("Brightwater Foods", "brightwater.example"),
    ("Kestrel Air", "kestrel-air.example"),
    ("Ostara Energie GmbH", "ostara.example"),
    ("Marlow & Finch", "marlowfinch.example"),
    ("Ferrovia Sud SpA", "ferrovia-sud.example"),
    ("O'Dowd Textiles", "odowd.example"),
    ("Nordlicht Optik AG", "nordlicht.example"),
    ("Cobalt Bay Mining", "cobaltbay.example"),
    ("Tamarind Hotels", "tamarind.example"),
    ("Société Belair", "belair.example"),
    ("Quillfeather Press", "quillfeather.example"),
    ("Saltmarsh Water", "saltmarsh.example"),
    ("Iron Lantern Tools", "ironlantern.example"),
    ("Grupo Mirador", "mirador.example"),
    ("Żuraw Logistyka", "zuraw.example"),
    ("Blue Heron Clinics", "blueheron.example"),
    ("Copperfield Rail", "copperfield.example"),
    ("Hinterland Seeds", "hinterland.example"),
    ("Paper Kite Toys", "paperkite.example"),
    ("Contoso Research", "research.contoso.example"),
    ("Contoso Holding", "corp.contoso.example"),
];

/// Where guests come from.
pub(super) const GUEST_DOMAINS: [&str; 8] = [
    "partner-works.example",
    "mailbox.example",
    "suppliers.example",
    "audit-house.example",
    "lawfirm.example",
    "agency.example",
    "freelance.example",
    "university.example",
];

/// The domain that every tenant has.
pub(super) const INITIAL_DOMAIN: &str = "contoso.onmicrosoft.com";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::random::{Purpose, Seed};
    use super::*;

    #[test]
    fn names_differ() {
        let work = Work::new();
        let departments: HashSet<&str> =
            work.departments.entries().iter().map(|it| it.name.as_str()).collect();
        assert_eq!(departments.len(), 200);
        let titles: HashSet<&String> = work.titles.entries().iter().collect();
        assert_eq!(titles.len(), work.titles.entries().len());
        assert!(titles.len() > 3_000);
    }

    #[test]
    fn titles_follow_the_department() {
        let work = Work::new();
        let mut generator = Seed(1).generator(Purpose::User, 0);
        let department = work.departments.entries().first().unwrap();
        let title = work.title_in(department, &mut generator);
        assert!(title.contains("Sales "), "{title}");
    }
}
