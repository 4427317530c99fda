//! The demo's story, as `jitney demo --headless` plays it.

use std::process::Command;

#[test]
fn the_demo_plays_to_its_end_and_says_so_as_json_too() {
    let run =
        |flags: &[&str]| Command::new(env!("CARGO_BIN_EXE_jitney")).arg("demo").args(flags).output().unwrap();
    let told = run(&["--headless"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for fact in [
        "never[0] of wiki/read",
        "the wiki answers 401 to her",
        "nobody decides on their own request",
        "the wiki answers 200 to the revealed credential",
        "R1002 is a request of its own, and waits for approval",
        "the wiki answers 401 to the credential",
        "and 401 to the session that was still open",
        "it ended early, and was seen gone at once",
        "14 transitions, 14 entries: each once, in order",
        "audit verify: good",
        "after one byte was changed: bad",
        "The four clocks",
    ] {
        assert!(text.contains(fact), "the demo does not say: {fact}\n{text}");
    }
    let told = run(&["--headless", "--json"]);
    assert!(told.status.success());
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.lines().count() > 80);
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_demo_without_its_files_says_so_at_once() {
    for (flag, said) in [("--policies", "is no folder"), ("--people", "/nowhere/at/all")] {
        let demo = Command::new(env!("CARGO_BIN_EXE_jitney"))
            .args(["demo", "--port", "0", flag, "/nowhere/at/all"])
            .output()
            .unwrap();
        let text = String::from_utf8(demo.stderr).unwrap();
        assert!(!demo.status.success() && text.contains(said), "{flag}: {text}");
    }
}
