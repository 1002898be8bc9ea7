//! Objects into columns: for files that the quick readers would not judge and the row readers take.

use super::builder::Builders;
use super::layout::Layout;
use super::part::Part;
use super::stop::Stop;
use crate::directory::read::ReadObject;

/// The columns of some objects.
pub(super) fn part_of(objects: &[ReadObject], layout: &Layout) -> Result<Part, Stop> {
    let mut builders = Builders::new(layout);
    for ReadObject { object, member_of, removed, .. } in objects {
        builders.slot(Layout::ID)?.push_text(object.id())?;
        if *removed {
            builders.slot(Layout::REMOVED)?.push_boolean(true)?;
        }
        if let Some(manager) = object.manager() {
            builders.slot(Layout::MANAGER)?.push_text(manager)?;
        }
        let groups = builders.slot(Layout::MEMBER_OF)?;
        member_of.iter().try_for_each(|group| groups.push_item(group))?;
        groups.end_items()?;
        for (at, slot) in layout.slots().iter().enumerate().skip(Layout::ATTRIBUTES) {
            builders.slot(at)?.push_value(object.get(&slot.name))?;
        }
        builders.end_row()?;
    }
    Ok(Part::of(builders.rows(), builders.finish()?))
}
