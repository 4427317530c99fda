//! Which of what the sources told takes effect, and which is held.

use crate::policy::{Movement, People, PolicySet, loses_a_role, movement};

/// Up to so many people may leave or lose a role at once, whatever the size of the company.
const FEW: usize = 20;
/// And up to this part of those who are here, in percent.
const SHARE_PERCENT: usize = 10;

/// What one step from people to people would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) movement: Movement,
    /// How many who stay would lose a role that they may ask for.
    pub(super) lose: usize,
}

impl Step {
    pub(super) fn between(before: &People, after: &People, policies: &PolicySet) -> Self {
        let movement = movement(before, after);
        let loses = |id: &&crate::ids::PersonId| {
            let both = before.get(id).zip(after.get(id));
            both.is_some_and(|(was, is)| loses_a_role(policies, was, is))
        };
        let lose = movement.moved.iter().filter(loses).count();
        Self { movement, lose }
    }

    /// Whether it takes from so many at once that it looks like a mistake: a file that was cut off, a column that moved.
    pub(super) fn is_sudden(&self) -> bool {
        let hit = self.movement.left.len() + self.lose;
        hit > FEW && hit * 100 > self.movement.of * SHARE_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PersonId;

    #[test]
    fn only_many_of_a_company_at_once_are_sudden() {
        let step = |left: usize, lose: usize, of: usize| {
            let left = (0..left).map(|n| PersonId::new(&format!("p{n}")).unwrap()).collect();
            Step { movement: Movement { left, moved: Vec::new(), of }, lose }
        };
        for (left, lose, of, sudden) in [
            (0, 0, 0, false),
            (6, 0, 6, false),
            (20, 0, 20, false),
            (21, 0, 22, true),
            (11, 10, 100, true),
            (21, 0, 210, false),
            (21, 0, 209, true),
            (900, 0, 100_000, false),
        ] {
            assert_eq!(step(left, lose, of).is_sudden(), sudden, "{left} left, {lose} lose, of {of}");
        }
    }
}
