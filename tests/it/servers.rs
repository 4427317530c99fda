//! Real servers for the tests: each is started once a test process or once a world, on loopback, and ends with it.
//!
//! `tests/run` installs them under `target/tools`. Where one is missing its tests say so and do without, unless
//! `REQUIRE_REAL=1`, as in CI.

pub(crate) mod http_proxy;
pub(crate) mod keeper;
pub(crate) mod okta;
pub(crate) mod okta_tokens;
pub(crate) mod postgres;

use std::path::{Path, PathBuf};

/// What `tests/run` installed under this path of `target/tools`; none, said aloud, where it is missing.
///
/// # Panics
/// When it is missing and `REQUIRE_REAL=1`.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(path);
    installed(&tool).then_some(tool)
}

/// Whether a program or a folder is there.
///
/// # Panics
/// When it is missing and `REQUIRE_REAL=1`.
pub(crate) fn installed(path: &Path) -> bool {
    let is_there = path.exists();
    if !is_there {
        let why = format!("{} is missing: `./tests/run` installs it", path.display());
        assert!(std::env::var_os("REQUIRE_REAL").is_none(), "{why}");
        println!("skipped: {why}");
    }
    is_there
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn what_is_not_installed_is_done_without() {
    assert!(installed(Path::new("/proc/self")));
    assert_ne!(free_port(), 0);
    assert!(std::env::var_os("REQUIRE_REAL").is_some() || tool("nothing-of-this-name").is_none());
}
