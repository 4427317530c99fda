//! Mangled policy files: whatever a file holds, the reader comes to an end, and points into the file.
//!
//! `FUZZ_SECS` says how long it goes on, `FUZZ_SEED` where it begins; a failure prints the file.

use std::time::Duration;

use tokio::time::Instant;

use jitney::policy::{FileKind, Table, format, parse};

use super::Logins;
use super::corpus::{Case, all_cases, assert_showable, case_files};
use super::formatting::same_but_for_places;

/// A file is no larger than this, so that many are tried.
const LARGEST: usize = 20_000;
/// One file is read within this, also on a machine that does other things: it is there to catch a loop.
const PATIENCE: Duration = Duration::from_secs(20);

/// A small generator of numbers (xorshift64*), the same for the same seed everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `n`; 0 when there is nothing below.
    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { usize::try_from(self.roll() >> 16).unwrap() % n }
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What a policy file is made of.
fn words() -> Vec<String> {
    let keys = Table::ALL.iter().flat_map(|table| table.keys());
    let mut words: Vec<String> = keys.flat_map(|key| [key.name.to_owned(), key.line()]).collect();
    let marks = [
        "\n",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ",",
        ".",
        "#",
        "\t",
        "\r\n",
        " ",
        "\\",
        "\\u0000",
        "\u{feff}",
        "\u{202e}",
        "é",
        "💶",
        "\0",
        "\u{7f}",
        "true",
        "0",
        "-1",
        "1e999",
        "nan",
        "0x7f",
        "9223372036854775808",
        "1979-05-27T07:32:00Z",
        "[roles.x]\n",
        "[[tests]]\n",
        "[tiers.y]\n",
        "_",
        "\"\" = 1\n",
        "a.b.c = 1\n",
    ];
    words.extend(marks.iter().map(|&mark| mark.to_owned()));
    words
}

fn mangled(dice: &mut Dice, cases: &[Case], words: &[String]) -> (FileKind, String) {
    let case = dice.pick(cases);
    let mut text: Vec<char> = case.text.chars().collect();
    for _ in 0..=dice.below(8) {
        let at = dice.below(text.len() + 1);
        let length = dice.below(40).min(text.len() - at);
        match dice.below(8) {
            0 => drop(text.drain(at..at + length)),
            1 => {
                let again: Vec<char> = text[at..at + length].to_vec();
                text.splice(at..at, again);
            }
            2 => {
                let word: Vec<char> = dice.pick(words).chars().collect();
                text.splice(at..at + length.min(3), word);
            }
            3 => {
                let word: Vec<char> = dice.pick(words).chars().collect();
                text.splice(at..at, word);
            }
            4 => {
                let other: Vec<char> = dice.pick(cases).text.chars().collect();
                let from = dice.below(other.len() + 1);
                let to = from + dice.below(other.len() - from + 1);
                text.splice(at..at, other[from..to].iter().copied());
            }
            5 => {
                // A line to another place.
                let mut lines: Vec<String> =
                    text.iter().collect::<String>().split('\n').map(str::to_owned).collect();
                let line = lines.remove(dice.below(lines.len()));
                lines.insert(dice.below(lines.len() + 1), line);
                text = lines.join("\n").chars().collect();
            }
            6 if !text.is_empty() => {
                let at = dice.below(text.len());
                text[at] = char::from_u32(u32::try_from(dice.below(0x300)).unwrap()).unwrap_or('x');
            }
            _ => {
                // The same many times over: depth, and length.
                let word: Vec<char> = dice.pick(words).chars().collect();
                let many: Vec<char> =
                    word.iter().copied().cycle().take(word.len() * dice.below(200)).collect();
                text.splice(at..at, many);
            }
        }
        text.truncate(LARGEST);
    }
    (case.kind, text.into_iter().collect())
}

/// Reads the file, and writes it in its one form; whatever was found can be shown.
fn try_one(kind: FileKind, text: &str) -> bool {
    let files = case_files(kind, text);
    let before = parse(&files, &Logins);
    for issue in before.as_ref().err().into_iter().flatten() {
        assert_showable(issue, &files);
    }
    let is_good = before.is_ok();
    if let Ok(written) = format(kind, text) {
        // Line ends are of one kind afterwards, in texts of several lines too: TOML leaves them to the reader.
        let before = if text.contains("\r\n") {
            parse(&case_files(kind, &text.replace("\r\n", "\n")), &Logins)
        } else {
            before
        };
        let again = format(kind, &written);
        assert_eq!(again.as_deref(), Ok(written.as_str()), "what is in its form stays as it is");
        let after = parse(&case_files(kind, &written), &Logins);
        match (&before, &after) {
            (Ok(before), Ok(after)) => same_but_for_places(before, after),
            (Err(before), Err(after)) => {
                let messages = |all: &[jitney::policy::Issue]| {
                    let mut all: Vec<String> = all.iter().map(|issue| issue.message.clone()).collect();
                    all.sort();
                    all
                };
                assert_eq!(messages(before), messages(after));
            }
            _ => panic!("one of the two is refused"),
        }
    }
    is_good
}

#[test]
fn no_mangled_file_stops_the_reader_or_is_said_to_be_wrong_outside_itself() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seed = number("FUZZ_SEED").unwrap_or(0x9E37_79B9_7F4A_7C15);
    let (cases, words) = (all_cases(), words());
    let mut dice = Dice(seed.max(1));
    let began = Instant::now();
    let until = Duration::from_secs(number("FUZZ_SECS").unwrap_or(2));
    let (mut tried, mut good) = (0u64, 0u64);
    let mut slowest = Duration::ZERO;
    while began.elapsed() < until || tried < 200 {
        let (kind, text) = mangled(&mut dice, &cases, &words);
        let at = Instant::now();
        let result = std::panic::catch_unwind(|| try_one(kind, &text));
        let took = at.elapsed();
        slowest = slowest.max(took);
        let Ok(is_good) = result else { panic!("seed {seed}, file {tried} ({kind:?}):\n{text}\n") };
        assert!(took < PATIENCE, "seed {seed}, file {tried} took {took:?}:\n{text}\n");
        good += u64::from(is_good);
        tried += 1;
    }
    println!("{tried} files with seed {seed}, {good} of them good; the slowest took {slowest:?}");
    assert!(good > 0, "a fuzzer that only makes waste sees little");
}
