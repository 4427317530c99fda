//! The audit log: its canonical form, what its verification catches, and what leaves it for auditors.

use jitney::audit::{
    BreakCause, CLOCK_RESET, Head, LineError, Record, Verifier, csv_header, from_json_line, to_csv_row,
    to_json_line,
};
use jitney::ids::RequestId;
use jitney::time::Timestamp;
use serde_json::{Value, json};

const START: i64 = 1_795_342_530_000;

fn genesis() -> Head {
    Head::genesis("7f3a9c")
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

fn body(entry: &Value) -> Value {
    json!({
        "actor": {"person": {"id": "bob@example.com", "name": "Bob"}},
        "requester": {"id": "ann@example.com", "name": "Ann", "employment": "contractor", "department": "Finance"},
        "role": "billing/read",
        "policy": "ab12",
        "entry": entry,
    })
}

/// A small log of every shape of record.
fn log() -> Vec<Record> {
    let request = Some(RequestId::FIRST);
    let bodies = [
        (
            "submitted",
            request,
            body(
                &json!({"kind": "submitted", "justification": "close the \"books\"\nof May", "duration": 7_200_000}),
            ),
        ),
        ("approved", request, body(&json!({"kind": "approved", "stage": 0, "have": 1, "need": 1}))),
        ("provisioning", request, body(&json!({"kind": "provisioning", "not_after": START + 7_200_000}))),
        (
            "granted",
            request,
            body(&json!({"kind": "granted", "step": 0, "label": "a login in /etc/app/htpasswd",
            "evidence": {"method": "read /etc/app/htpasswd", "answer": "1 line for jit-r1001", "at": START}})),
        ),
        ("refused", None, json!({"actor": "jitney", "reasons": [{"code": "twin"}]})),
        ("policies_reloaded", None, json!("é\u{1f600}\u{7f}\u{1}")),
    ];
    let mut head = genesis();
    let mut records = Vec::new();
    for (i, (kind, request, body)) in bodies.into_iter().enumerate() {
        let record = Record::chain(&head, at(i64::try_from(i).unwrap()), kind, request, body).unwrap();
        head = record.head();
        records.push(record);
    }
    records
}

/// What the verification of a log says: the head's number, or the first wrong record with the reason.
fn verify(records: &[Record], remembered: &[Head]) -> Result<u64, (u64, BreakCause)> {
    let mut verifier = remembered.iter().fold(Verifier::after(genesis()), |v, head| v.remember(*head));
    for record in records {
        verifier.feed(record).map_err(|b| (b.seq, b.why))?;
    }
    verifier.finish().map(|head| head.seq).map_err(|b| (b.seq, b.why))
}

#[test]
fn the_canonical_form_and_the_chain_stay_as_they_are() {
    let lines: Vec<_> = log().iter().map(to_json_line).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn lines_read_back_as_the_records_they_were() {
    for record in log() {
        let line = to_json_line(&record);
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(from_json_line(&line).unwrap(), record);
        assert_eq!(from_json_line(&format!("{line}\r\n")).unwrap(), record);
        assert_eq!(serde_json::from_str::<Record>(&serde_json::to_string(&record).unwrap()).unwrap(), record);
    }
}

#[test]
fn every_flipped_bit_of_a_line_is_detected() {
    let records = log();
    for (i, record) in records.iter().enumerate() {
        let line = to_json_line(record).into_bytes();
        for place in 0..line.len() {
            for bit in 0..8 {
                let mut flipped = line.clone();
                flipped[place] ^= 1 << bit;
                let Ok(text) = String::from_utf8(flipped) else { continue };
                let Ok(read) = from_json_line(&text) else { continue };
                let mut forged = records.clone();
                forged[i] = read;
                assert!(verify(&forged, &[]).is_err(), "byte {place} bit {bit} of {text}");
            }
        }
    }
}

#[test]
fn lines_in_another_spelling_are_refused() {
    let line = to_json_line(&log()[0]);
    for (other, sentence) in [
        (line.replace("\"seq\":1", "\"seq\": 1"), "canonical"),
        (line.replace("\"R1001\"", "\"r1001\""), "canonical"),
        (line.replace("\"R1001\"", "\"R01001\""), "canonical"),
        (line.replace("close", "\\u0063lose"), "canonical"),
        (line.replace("\"seq\":1", "\"seq\":1,\"seq\":1"), "duplicate"),
        (line.replace("\"role\":", "\"role\":\"x/y\",\"role\":"), "canonical"),
        (line.replace("\"seq\":1", "\"more\":1,\"seq\":1"), "unknown field"),
        (line.replace("7200000", "7200000.0"), "not a whole number"),
        (String::new(), "not an audit record"),
        ("[]".to_owned(), "not an audit record"),
    ] {
        assert_ne!(other, line);
        let error = from_json_line(&other).unwrap_err();
        assert!(error.to_string().contains(sentence), "{other}: {error}");
        assert!(matches!(error, LineError::Form(_) | LineError::Number(_) | LineError::Spelling));
    }
}

#[test]
fn whoever_touches_the_log_is_found_out() {
    let good = log();
    let last = good.last().unwrap().head();
    assert_eq!(verify(&good, &[good[2].head(), last]), Ok(6));
    assert_eq!(verify(&[], &[]), Ok(0));

    let mut edited = good.clone();
    edited[3].body["actor"] = json!("nobody");
    assert_eq!(verify(&edited, &[]), Err((4, BreakCause::HashMismatch)));

    let mut edited_and_rehashed = good.clone();
    edited_and_rehashed[3].body["actor"] = json!("nobody");
    edited_and_rehashed[3].hash = edited_and_rehashed[3].rehash().unwrap();
    assert_eq!(verify(&edited_and_rehashed, &[]), Err((5, BreakCause::PrevMismatch)));

    let mut removed = good.clone();
    removed.remove(2);
    assert_eq!(verify(&removed, &[]), Err((3, BreakCause::Gap { found: 4 })));

    let mut swapped = good.clone();
    swapped.swap(1, 2);
    assert_eq!(verify(&swapped, &[]), Err((2, BreakCause::Gap { found: 3 })));

    let mut doubled = good.clone();
    doubled.insert(2, good[1].clone());
    assert_eq!(verify(&doubled, &[]), Err((3, BreakCause::Gap { found: 2 })));

    assert_eq!(verify(&good[1..], &[]), Err((1, BreakCause::Gap { found: 2 })));

    let foreign = Record::chain(&Head::genesis("other"), at(0), "submitted", None, json!({})).unwrap();
    assert_eq!(verify(&[foreign], &[]), Err((1, BreakCause::PrevMismatch)));
}

#[test]
fn a_cut_or_rewritten_log_shows_against_a_remembered_head() {
    let good = log();
    let remembered = good[4].head();
    assert_eq!(verify(&good[..4], &[]), Ok(4), "without a memory a cut tail does not show");
    assert_eq!(verify(&good[..4], &[remembered]), Err((5, BreakCause::Truncated { remembered: 5 })));
    assert_eq!(verify(&good[..5], &[remembered]), Ok(5));

    let mut head = genesis();
    let mut rewritten = Vec::new();
    for record in &good {
        let kind = if record.seq == 2 { "denied" } else { &record.kind };
        let record = Record::chain(&head, record.at, kind, record.request, record.body.clone()).unwrap();
        head = record.head();
        rewritten.push(record);
    }
    assert_eq!(verify(&rewritten, &[]), Ok(6));
    let found = rewritten[4].hash;
    let why = BreakCause::Rewritten { found, remembered: remembered.hash };
    assert_eq!(verify(&rewritten, &[remembered]), Err((5, why)));

    let other_start = Head { seq: 0, hash: found };
    let why = BreakCause::Rewritten { found: genesis().hash, remembered: found };
    assert_eq!(verify(&[], &[other_start]), Err((0, why)));
}

#[test]
fn a_part_of_a_log_is_verified_from_where_it_starts() {
    let part = &log()[3..];
    let mut verifier = Verifier::after(part[0].before());
    for record in part {
        verifier.feed(record).unwrap();
    }
    assert_eq!(verifier.finish().unwrap(), part[2].head());
}

#[test]
fn time_runs_backwards_only_when_an_operator_reset_the_clock() {
    let first = Record::chain(&genesis(), at(1000), "submitted", None, json!({})).unwrap();
    let early = Record::chain(&first.head(), at(0), "approved", None, json!({})).unwrap();
    let why = BreakCause::TimeBackwards { at: at(0), after: at(1000) };
    assert_eq!(verify(&[first.clone(), early], &[]), Err((2, why)));
    let reset = Record::chain(&first.head(), at(0), CLOCK_RESET, None, json!({})).unwrap();
    assert_eq!(verify(&[first, reset], &[]), Ok(2));
}

#[test]
fn each_break_says_what_happened() {
    let hash = genesis().hash;
    let sentences: Vec<_> = [
        BreakCause::HashMismatch,
        BreakCause::PrevMismatch,
        BreakCause::Gap { found: 9 },
        BreakCause::TimeBackwards { at: at(0), after: at(1000) },
        BreakCause::Rewritten { found: hash, remembered: hash },
        BreakCause::Truncated { remembered: 12 },
    ]
    .into_iter()
    .map(|why| jitney::audit::Break { seq: 7, why }.to_string())
    .collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn a_float_in_a_body_is_refused_before_it_is_chained() {
    assert!(Record::chain(&genesis(), at(0), "submitted", None, json!({"a": 0.1})).is_err());
}

#[test]
fn the_csv_has_what_an_auditor_asks_for() {
    let mut csv = csv_header();
    for record in log() {
        csv.push_str(&to_csv_row(&record));
    }
    insta::assert_snapshot!(csv);
}

#[test]
fn no_cell_begins_a_formula() {
    let heads = [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\0",
        "\n",
        "＝",
        "＋",
        "－",
        "＠",
        "−",
        " =",
        "\u{feff}=",
        "\u{a0}@",
        "\u{200b}+",
    ];
    let tails = ["", "1+1", "cmd|' /C calc'!A0", "SUM(A1,\"x\")", "\"", ",=1", ";=1", "\r\n=1"];
    for head in heads {
        for tail in tails {
            let evil = format!("{head}{tail}");
            let record = Record::chain(
                &genesis(),
                at(0),
                &evil,
                None,
                json!({
                    "actor": evil, "role": format!("{evil}/{evil}"), "policy": evil,
                    "requester": {"id": evil, "name": evil, "employment": evil, "department": evil},
                    "entry": {"justification": evil, "label": evil, "evidence": {"method": evil, "answer": evil}},
                }),
            )
            .unwrap();
            let row = to_csv_row(&record);
            let cells = parse_csv_row(&row);
            assert_eq!(cells.len(), parse_csv_row(&csv_header()).len(), "{row:?}");
            assert!(cells.iter().filter(|cell| cell.contains(&evil)).count() >= 9, "{row:?}");
            for cell in &cells {
                let seen = cell.trim_start_matches([' ', '\u{feff}', '\u{a0}', '\u{200b}']);
                assert!(!seen.starts_with(|c| "=+-@\t\r\0\n＝＋－＠−".contains(c)), "{cell:?} of {row:?}");
            }
        }
    }
}

#[test]
fn harmless_cells_stay_as_they_are() {
    let record =
        Record::chain(&genesis(), at(0), "submitted", None, json!({"actor": "o'neill-jones@example.com"}));
    assert!(to_csv_row(&record.unwrap()).contains(",o'neill-jones@example.com,"));
}

/// RFC 4180, written apart from what it checks.
fn parse_csv_row(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = row.strip_suffix("\r\n").expect("a row ends with CRLF").chars().peekable();
    while let Some(c) = chars.next() {
        let cell = cells.last_mut().unwrap();
        match c {
            '"' if !quoted => {
                assert!(cell.is_empty(), "a quote inside a bare cell: {row:?}");
                quoted = true;
            }
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => {
                quoted = false;
                assert!(matches!(chars.peek(), None | Some(',')), "text after a closing quote: {row:?}");
            }
            ',' if !quoted => cells.push(String::new()),
            '\r' | '\n' if !quoted => panic!("a bare line end: {row:?}"),
            c => cell.push(c),
        }
    }
    assert!(!quoted);
    cells
}
