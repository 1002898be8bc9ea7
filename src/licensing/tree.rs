//! Users told apart step by step: those whom the same steps concern stay together.

/// Where users are after some steps. Users are at one node if they come from one root by the same steps.
pub(super) struct Tree<R> {
    /// By node, where its users come from.
    from: Vec<From<R>>,
    /// By node, the last step by which users left it, and the node and one more to which they went.
    exits: Vec<(u32, u32)>,
}

#[derive(Clone, Copy)]
enum From<R> {
    Root(R),
    Step { node: u32, step: u32 },
}

impl<R> Default for Tree<R> {
    fn default() -> Self {
        Self { from: Vec::new(), exits: Vec::new() }
    }
}

impl<R: Copy> Tree<R> {
    /// The node of users whom no step concerned so far.
    pub(super) fn root(&mut self, root: R) -> u32 {
        self.grow(From::Root(root))
    }

    /// Where users of a node are after a step. Steps are taken one after the other.
    pub(super) fn next(&mut self, node: u32, step: u32) -> u32 {
        if let Some((last, to)) = self.exits.get(node as usize)
            && *last == step
            && let Some(to) = to.checked_sub(1)
        {
            return to;
        }
        let new = self.grow(From::Step { node, step });
        if let Some(exit) = self.exits.get_mut(node as usize) {
            *exit = (step, new + 1);
        }
        new
    }

    /// The root of a node and the steps from there, in their order.
    pub(super) fn path(&self, node: u32) -> Option<(R, Vec<u32>)> {
        let mut steps = Vec::new();
        let mut from = *self.from.get(node as usize)?;
        loop {
            match from {
                From::Root(root) => {
                    steps.reverse();
                    return Some((root, steps));
                }
                From::Step { node, step } => {
                    steps.push(step);
                    from = *self.from.get(node as usize)?;
                }
            }
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.from.len()
    }

    fn grow(&mut self, from: From<R>) -> u32 {
        let number = u32::try_from(self.from.len()).unwrap_or(u32::MAX);
        self.from.push(from);
        self.exits.push((0, 0));
        number
    }
}
