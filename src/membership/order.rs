//! The order in which groups are evaluated: a group comes after the groups whose members it reads.

/// Groups that depend on each other in a circle, in the order of the dependencies; the last one reads
/// the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// Waves of groups, each wave independent within itself, and the circles that stand in no wave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waves {
    /// Groups that can be evaluated together, after all waves before. Ascending within a wave.
    pub waves: Vec<Vec<usize>>,
    /// The circles. Groups that read a member of a circle, without being in one, are in no wave either
    /// and stand in `blocked`.
    pub cycles: Vec<Cycle>,
    /// Groups that wait for a circle.
    pub blocked: Vec<usize>,
}

/// Sorts groups `0..reads.len()`, of which group `g` reads the members of `reads[g]`.
///
/// ```
/// use dyngroup::membership::order::waves;
/// let sorted = waves(&[vec![2], vec![], vec![1]]);
/// assert_eq!(sorted.waves, [vec![1], vec![2], vec![0]]);
/// assert!(sorted.cycles.is_empty());
/// assert_eq!(waves(&[vec![1], vec![0]]).cycles[0].0, [0, 1]);
/// ```
pub fn waves(reads: &[Vec<usize>]) -> Waves {
    let mut missing: Vec<usize> = reads.iter().map(Vec::len).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); reads.len()];
    for (group, sources) in reads.iter().enumerate() {
        for &source in sources {
            match readers.get_mut(source) {
                Some(of_source) => of_source.push(group),
                None => decrement(&mut missing, group),
            }
        }
    }
    let mut found = Waves::default();
    let mut wave: Vec<usize> = (0..reads.len()).filter(|&group| missing.get(group) == Some(&0)).collect();
    while !wave.is_empty() {
        let mut next = Vec::new();
        for &reader in wave.iter().filter_map(|&group| readers.get(group)).flatten() {
            decrement(&mut missing, reader);
            if missing.get(reader) == Some(&0) {
                next.push(reader);
            }
        }
        next.sort_unstable();
        found.waves.push(std::mem::replace(&mut wave, next));
    }
    let stuck: Vec<bool> = missing.iter().map(|&left| left > 0).collect();
    find_cycles(reads, &stuck, &mut found);
    found
}

fn decrement(missing: &mut [usize], group: usize) {
    if let Some(left) = missing.get_mut(group) {
        *left = left.saturating_sub(1);
    }
}

/// Walks from each stuck group along its stuck sources until a group comes up again: from there on it
/// is a circle.
fn find_cycles(reads: &[Vec<usize>], stuck: &[bool], found: &mut Waves) {
    let is_stuck = |group: usize| stuck.get(group).copied().unwrap_or(false);
    // Which walk a group was met in; zero for none.
    let mut met = vec![0_usize; reads.len()];
    let mut in_cycle = vec![false; reads.len()];
    for start in (0..reads.len()).filter(|&group| is_stuck(group)) {
        let mut path = Vec::new();
        let mut at = start;
        while met.get(at) == Some(&0) {
            if let Some(mark) = met.get_mut(at) {
                *mark = start + 1;
            }
            path.push(at);
            let next =
                reads.get(at).and_then(|sources| sources.iter().copied().find(|&source| is_stuck(source)));
            match next {
                Some(source) => at = source,
                None => break,
            }
        }
        if met.get(at) == Some(&(start + 1))
            && let Some(first) = path.iter().position(|&group| group == at)
        {
            let cycle = path.split_off(first);
            for &group in &cycle {
                if let Some(mark) = in_cycle.get_mut(group) {
                    *mark = true;
                }
            }
            found.cycles.push(Cycle(cycle));
        }
    }
    found.blocked =
        (0..reads.len()).filter(|&group| is_stuck(group) && in_cycle.get(group) != Some(&true)).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_named_and_the_rest_goes_on() {
        // 0 -> 1 -> 2 -> 1, 3 alone, 4 reads itself, 5 reads a group that is not there.
        let sorted = waves(&[vec![1], vec![2], vec![1], vec![], vec![4], vec![99]]);
        assert_eq!(sorted.waves, [vec![3, 5]]);
        assert_eq!(sorted.cycles, [Cycle(vec![1, 2]), Cycle(vec![4])]);
        assert_eq!(sorted.blocked, [0]);
    }

    proptest::proptest! {
        #[test]
        fn every_group_stands_somewhere_and_after_its_sources(
            reads in proptest::collection::vec(proptest::collection::vec(0_usize..12, 0..3), 0..12)
        ) {
            let sorted = waves(&reads);
            let mut done = Vec::new();
            for wave in &sorted.waves {
                for &group in wave {
                    for &source in reads[group].iter().filter(|&&source| source < reads.len()) {
                        proptest::prop_assert!(done.contains(&source));
                    }
                }
                done.extend(wave);
            }
            for Cycle(cycle) in &sorted.cycles {
                for (at, &group) in cycle.iter().enumerate() {
                    proptest::prop_assert!(reads[group].contains(&cycle[(at + 1) % cycle.len()]));
                }
            }
            let rest: usize = sorted.cycles.iter().map(|cycle| cycle.0.len()).sum();
            proptest::prop_assert_eq!(done.len() + rest + sorted.blocked.len(), reads.len());
        }
    }
}
