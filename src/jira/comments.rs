//! Which entries stand on an issue already, and which comments of ours say the same twice.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Comment;
use crate::ids::{EntryId, RequestId};

/// What a look at an issue's comments came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Findings {
    /// Entries that stand there without our knowing, by comment.
    pub(super) adopt: Vec<(String, Vec<EntryId>)>,
    /// Comments of ours that tell nothing that another does not tell.
    pub(super) doubles: Vec<String>,
}

/// Judges the comments, which come newest first. Only what `me` wrote counts: others can set the same property.
pub(super) fn judge(
    comments: &[Comment],
    me: &str,
    request: RequestId,
    known: &BTreeMap<EntryId, String>,
) -> Findings {
    let mut ours: Vec<&Comment> =
        comments.iter().filter(|c| c.author == me && !c.entries.is_empty()).collect();
    ours.retain(|comment| comment.entries.iter().all(|entry| entry.request() == request));
    // The oldest stays, but first what we have written down, so that it never points at a deleted comment.
    ours.reverse();
    let is_known = |comment: &Comment| known.values().any(|id| *id == comment.id);
    let (written_down, unknown): (Vec<&Comment>, Vec<&Comment>) = ours.into_iter().partition(|c| is_known(c));
    let mut told: BTreeSet<EntryId> = known.keys().copied().collect();
    told.extend(written_down.iter().flat_map(|comment| &comment.entries));
    let mut findings = Findings::default();
    for comment in unknown {
        let new: Vec<EntryId> = comment.entries.iter().copied().filter(|id| !told.contains(id)).collect();
        if new.is_empty() {
            findings.doubles.push(comment.id.clone());
        } else {
            told.extend(&new);
            findings.adopt.push((comment.id.clone(), new));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: RequestId = RequestId::from_number(1042);

    fn entry(number: u32) -> EntryId {
        EntryId::new(REQUEST, number)
    }

    fn comment(id: &str, author: &str, numbers: &[u32]) -> Comment {
        let entries = numbers.iter().map(|n| entry(*n)).collect();
        Comment { id: id.to_owned(), author: author.to_owned(), entries }
    }

    #[test]
    fn what_stands_there_is_adopted_and_doubles_are_named() {
        let known = BTreeMap::from([(entry(1), "10".to_owned())]);
        let newest_first = [
            comment("15", "me", &[2, 3]),
            comment("14", "somebody", &[4]),
            comment("13", "me", &[]),
            comment("12", "me", &[2, 3]),
            comment("11", "me", &[1]),
            comment("10", "me", &[1]),
        ];
        assert_eq!(
            judge(&newest_first, "me", REQUEST, &known),
            Findings {
                adopt: vec![("12".to_owned(), vec![entry(2), entry(3)])],
                doubles: vec!["11".to_owned(), "15".to_owned()],
            }
        );
    }

    #[test]
    fn a_comment_that_somebody_deleted_stays_told() {
        let known = BTreeMap::from([(entry(1), "10".to_owned())]);
        assert_eq!(judge(&[], "me", REQUEST, &known), Findings::default());
    }
}
