//! "Did you mean": the known word nearest to one that is not known.

/// Of a word that is longer, only so many letters are compared.
const LONGEST: usize = 80;

/// The candidate with the fewest slips from `word`, if they are few enough to be slips; the first of equals.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.chars().take(LONGEST).collect::<String>().to_lowercase();
    let most = most_slips(&word);
    candidates
        .into_iter()
        .map(|candidate| (slips(&word, &candidate.to_lowercase()), candidate))
        .filter(|(slips, _)| *slips <= most)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// How many slips one may make in a word of this length and still mean another.
pub(crate) fn most_slips(word: &str) -> usize {
    match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        10.. => 3,
    }
}

/// Letters to insert, drop, replace, or swap with their neighbour (optimal string alignment).
pub(crate) fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // Rows of the usual table: `two` and `one` letters of `from` ago.
    let mut two: Vec<usize> = Vec::new();
    let mut one: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (row, letter) in from.chars().enumerate() {
        let mut this = Vec::with_capacity(one.len());
        this.push(row + 1);
        for (column, other) in to.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&one, column) + usize::from(letter != *other);
            let mut best = replaced.min(at(&one, column + 1) + 1).min(at(&this, column) + 1);
            let before = column.checked_sub(1).and_then(|index| to.get(index));
            if before == Some(&letter) && last == Some(*other) {
                best = best.min(at(&two, column - 1) + 1);
            }
            this.push(best);
        }
        last = Some(letter);
        two = std::mem::replace(&mut one, this);
    }
    one.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_as_people_make_them() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("high", "hihg", 1),
            ("max_duration", "max_durations", 1),
            ("kitten", "sitting", 3),
            ("wiki", "wiki", 0),
        ] {
            assert_eq!(slips(from, to), count, "{from} {to}");
            assert_eq!(slips(to, from), count, "{to} {from}");
        }
    }

    #[test]
    fn only_a_slip_is_taken_for_another_word() {
        let known = ["name", "gives", "max_duration"];
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("Max_Durations", known), Some("max_duration"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("databse", ["policies", "database"]), Some("database"));
        assert_eq!(nearest("htpassword", ["htpasswd", "hook"]), Some("htpasswd"));
        assert_eq!(nearest(&"a".repeat(1_000_000), known), None);
    }
}
