//! Where the parts of a tree stand in its text. The fuzz target of the parser asks the same.

use dyngroup::language::tree::{Expr, ExprKind, Operand, OperandKind};

/// Parents hold their parts, and parts stand in the order of the text.
pub(crate) fn check_tree(text: &str, tree: &Expr) {
    assert!(text.get(tree.span.start..tree.span.end).is_some(), "{text:?}: {:?} does not fit", tree.span);
    assert!(tree.outer_span().contains(tree.span), "{text:?}: {:?} in parentheses", tree.span);
    let mut end = 0;
    for part in tree.parts() {
        let outer = part.outer_span();
        assert!(tree.span.contains(outer), "{text:?}: {outer:?} in {:?}", tree.span);
        assert!(end <= outer.start, "{text:?}: {outer:?} overlaps the part before");
        end = outer.end;
        check_tree(text, part);
    }
    let operands: &[&Operand] = match &tree.kind {
        ExprKind::Comparison { left, right, .. } => &[left, right],
        ExprKind::Quantified { collection, .. } => &[collection],
        ExprKind::Reports { manager, .. } => &[manager],
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not { .. } | ExprKind::Hole => &[],
    };
    for operand in operands {
        assert!(tree.span.contains(operand.span), "{text:?}: {operand:?} in {:?}", tree.span);
        check_operand(text, operand);
    }
}

fn check_operand(text: &str, operand: &Operand) {
    let inner: Vec<&Operand> = match &operand.kind {
        OperandKind::List(items) => items.iter().collect(),
        OperandKind::Sum { base, offsets } => {
            std::iter::once(base.as_ref()).chain(offsets.iter().map(|offset| &offset.duration)).collect()
        }
        _ => return,
    };
    for part in inner {
        assert!(operand.span.contains(part.span), "{text:?}: {part:?} in {:?}", operand.span);
        check_operand(text, part);
    }
}
