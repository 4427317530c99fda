//! A folder under `target/` that goes with whoever made it.

use std::path::{Path, PathBuf};

/// Where everything is made: on the disk of the build, never in memory.
pub(crate) fn data() -> anyhow::Result<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(Path::to_owned);
    let folder = target.unwrap_or_else(|| PathBuf::from("target")).join("bench-data");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A folder of its own.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let path = data()?.join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
