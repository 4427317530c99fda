//! People and facts in CSV files, as machines write them: what is taken, and every finding of what is not.

use jitney::directory::{Delivery, Directory, DirectoryError, FileSource, Format};
use jitney::policy::{Fact, Person};

use super::{MAX_AGE, at};
use crate::targets::scratch::Scratch;

const HEADER: &str = "id,name,employment,department,active";
const ANN: &str = "ann@example.com,Ann,employee,Finance,yes";
const BOB: &str = "bob@example.com,Bob,contractor,IT,no";

fn people(bytes: &[u8]) -> Result<Vec<Person>, DirectoryError> {
    let scratch = Scratch::new();
    let path = scratch.write("people.csv", bytes);
    let directory = Directory::open(&path, MAX_AGE, at(0))?;
    Ok(directory.people().iter().cloned().collect())
}

fn facts(bytes: &[u8]) -> Result<Delivery, DirectoryError> {
    let scratch = Scratch::new();
    let path = scratch.write("hr.csv", bytes);
    let gives = [Fact::Active, Fact::Department].into();
    FileSource::new(&path, Format::Csv, gives).read(at(0))
}

/// Without the folder in which it lay.
fn told(error: &DirectoryError) -> String {
    let place = |word: &str| match word.rsplit_once('/') {
        Some((_, name)) if word.starts_with('/') => name.to_owned(),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(place).collect::<Vec<_>>().join(" ");
    error.to_string().lines().map(line).collect::<Vec<_>>().join("\n    ")
}

#[test]
fn a_file_is_read_whatever_system_wrote_it() {
    let plain = format!("{HEADER}\n{ANN}\n{BOB}\n");
    let expected = people(plain.as_bytes()).unwrap();
    assert_eq!(expected.len(), 2);
    for (what, text) in [
        ("line ends of Windows", plain.replace('\n', "\r\n")),
        ("no last line end", plain.trim_end().to_owned()),
        ("a byte order mark", format!("\u{feff}{plain}")),
        ("a byte order mark before a quote", format!("\u{feff}{}", plain.replacen("id", "\"id\"", 1))),
        ("columns that nobody asked for", plain.replace('\n', ",7 Main Street\n")),
        ("columns in another order", "department,id,active,employment,name\nFinance,ann@example.com,1,employee,Ann\nIT,bob@example.com,0,contractor,Bob\n".to_owned()),
        ("quotes", plain.replace("Ann", "\"Ann\"").replace("IT", "\"IT\"")),
        ("capitals in the header", plain.replace("id,name", "ID,Name")),
        ("blanks around", plain.replace(',', " , ")),
        ("empty lines", plain.replace('\n', "\n\n")),
        ("a text over lines that nobody asked for", format!("{HEADER},notes\n{ANN},\"left\nright, \"\"so\"\"\"\n{BOB},\n")),
    ] {
        let read = people(text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read, expected, "{what}");
        facts(text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[test]
fn each_mistake_is_told_at_its_line_with_what_to_write_instead() {
    let file = |rows: &[&str]| format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes();
    let with = |from: &str, to: &str| file(&[&ANN.replace(from, to), BOB]);
    let long = "x".repeat(200_000);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an empty file", Vec::new()),
        ("blank lines alone", b"\n\r\n \n".to_vec()),
        ("a header alone", file(&[])),
        ("rows without a header", format!("{ANN}\n{BOB}\n").into_bytes()),
        (
            "semicolons for commas",
            String::from_utf8(file(&[ANN, BOB])).unwrap().replace(',', ";").into_bytes(),
        ),
        (
            "a column that is missing",
            String::from_utf8(file(&[ANN])).unwrap().replace("id,", "key,").into_bytes(),
        ),
        ("several that are missing", b"mail\nann@example.com\n".to_vec()),
        (
            "a column that is misspelt",
            String::from_utf8(file(&[ANN])).unwrap().replace("active", "activ").into_bytes(),
        ),
        (
            "a column twice",
            String::from_utf8(file(&[ANN])).unwrap().replace("department", "Name").into_bytes(),
        ),
        ("a person twice", file(&[ANN, BOB, &ANN.replace("ann@", "ANN@")])),
        (
            "lines of Windows, an empty one, and a mark before them",
            format!("\u{feff}{HEADER}\n\n{ANN}\n{BOB},7\n").replace('\n', "\r\n").into_bytes(),
        ),
        ("a text over two lines before it", format!("{HEADER},notes\n{ANN},\"a\nb\"\n{BOB}\n").into_bytes()),
        ("a quote inside of quotes", file(&[&ANN.replace("Ann", "\"An\"n\""), BOB])),
        (
            "a quote that closes rows later",
            file(&[&ANN.replace("Ann,", "\"Ann,"), &BOB.replace("Bob", "\"Bob\"")]),
        ),
        (
            "a login that hides something",
            format!("{HEADER},operator_login\n{ANN},a\u{202e}nn\n{BOB},{}\n", "b".repeat(65)).into_bytes(),
        ),
        ("a cell too few", file(&["ann@example.com,Ann,employee,Finance", BOB])),
        ("a cell too many", file(&[ANN, &format!("{BOB},7")])),
        ("no id", with("ann@example.com", " ")),
        ("no id at all", with("ann@example.com", "ann at example")),
        ("no name", with("Ann,", ",")),
        ("a name that is too long", with("Ann,", &format!("{},", "é".repeat(121)))),
        ("a cell of 200,000 characters", with("Finance", &long)),
        ("an id of 200,000 characters", with("ann@example.com", &long)),
        ("a name that hides something", with("Ann,", "A\u{202e}na,")),
        ("an unknown employment", with("employee", "friend")),
        ("neither yes nor no", with("yes", "maybe")),
        ("a quote that never closes", file(&[&ANN.replace("Ann,", "\"Ann,"), BOB])),
        ("a quote in the last column that never closes", file(&[&ANN.replace("yes", "\"yes"), BOB])),
        (
            "a quote in another column that never closes",
            format!("{HEADER},notes\n{ANN},\"so, so\n{BOB},\n").into_bytes(),
        ),
        ("a quote in the header that never closes", format!("\"{HEADER}\n{ANN}\n").into_bytes()),
        (
            "letters of Windows",
            [format!("{HEADER}\n{BOB}\nann@example.com,J").as_bytes(), b"\xfcrgen,employee,IT,yes\n"]
                .concat(),
        ),
        ("UTF-16", "\u{feff}id,name\n".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a spreadsheet", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00\x21\x00".to_vec()),
        ("two mistakes", file(&[&ANN.replace("employee", "friend"), &BOB.replace("no", "maybe")])),
    ];
    let mut said = String::new();
    for (what, bytes) in cases {
        let of = |error: Option<DirectoryError>| error.map_or("nothing".to_owned(), |error| told(&error));
        said += &format!("== {what}\n    {}\n", of(people(&bytes).err()));
        said += &format!("  as a source of facts\n    {}\n", of(facts(&bytes).err()));
    }
    insta::assert_snapshot!("exports", said);
}

/// A wrong column makes a finding in each row: they are told up to a limit.
#[test]
fn findings_have_an_end() {
    let rows: String = (0..500).map(|n| format!("p{n}@example.com,P,friend,IT,yes\n")).collect();
    let error = people(format!("{HEADER}\n{rows}").as_bytes()).unwrap_err();
    let DirectoryError::Issues(issues) = &error else { panic!("{error}") };
    assert_eq!(issues.len(), 100);
    assert!(error.to_string().ends_with("and 50 more"), "{error}");
}
