//! What SQLite asks of a disk, one by one.

use super::file::File;
use super::{Course, Failure, Operation, State};

/// A file that a process has open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    process: u32,
    file: u64,
    /// Nobody else finds it, and it goes when it is closed.
    unnamed: bool,
    /// Its first sync also keeps the names in the folder, as SQLite does for a new log or journal.
    syncs_folder: bool,
}

impl State {
    pub(super) fn open(
        &mut self,
        name: Option<&str>,
        may_create: bool,
        is_log: bool,
    ) -> Result<Opened, Failure> {
        let process = self.process;
        let course = self.begin(process, Operation::Open)?;
        let Some(name) = name else {
            let file = self.add(File::default());
            return Ok(Opened { process, file, unnamed: true, syncs_folder: false });
        };
        let there = self.names.get(name).and_then(|name| name.now);
        let file = match there {
            Some(file) => file,
            None if may_create => {
                let file = self.add(File::default());
                self.names.entry(name.to_owned()).or_default().now = Some(file);
                file
            }
            None => return Err(Failure::NotThere),
        };
        course.heard()?;
        Ok(Opened { process, file, unnamed: false, syncs_folder: is_log && may_create })
    }

    /// Fills the front of `into`; how much of it.
    pub(super) fn read(&mut self, of: &Opened, at: usize, into: &mut [u8]) -> Result<usize, Failure> {
        self.begin(of.process, Operation::Read)?.heard()?;
        Ok(self.files.get(&of.file).map_or(0, |file| file.bytes().read(at, into)))
    }

    pub(super) fn write(&mut self, to: &Opened, at: usize, bytes: &[u8]) -> Result<(), Failure> {
        let course = self.begin(to.process, Operation::Write);
        let order = self.operations;
        let reached = self.in_order(to.process).is_ok();
        let Some(file) = self.files.get_mut(&to.file) else { return Err(Failure::Error) };
        match course {
            Ok(course) => {
                file.write(order, at, bytes);
                course.heard()
            }
            // A part of it may have come through.
            Err(Failure::Error) if reached => {
                file.write(order, at, &bytes[..bytes.len() / 2]);
                Err(Failure::Error)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) fn truncate(&mut self, of: &Opened, len: usize) -> Result<(), Failure> {
        let course = self.begin(of.process, Operation::Truncate)?;
        let order = self.operations;
        let Some(file) = self.files.get_mut(&of.file) else { return Err(Failure::Error) };
        file.truncate(order, len);
        course.heard()
    }

    pub(super) fn sync(&mut self, of: &mut Opened) -> Result<(), Failure> {
        let course = self.begin(of.process, Operation::Sync);
        let lies = self.lying_sync;
        let reached = self.in_order(of.process).is_ok();
        let Some(file) = self.files.get_mut(&of.file) else { return Err(Failure::Error) };
        match course {
            Ok(Course::Unheard) => return Err(Failure::Error),
            Ok(Course::Done) if lies => {}
            Ok(Course::Done) => file.sync(),
            Err(failure) => {
                if reached {
                    file.sync_failed();
                }
                return Err(failure);
            }
        }
        if std::mem::take(&mut of.syncs_folder) {
            self.sync_folder();
        }
        Ok(())
    }

    pub(super) fn size(&self, of: &Opened) -> Result<usize, Failure> {
        self.in_order(of.process)?;
        Ok(self.files.get(&of.file).map_or(0, |file| file.bytes().len()))
    }

    pub(super) fn delete(&mut self, name: &str, sync_folder: bool) -> Result<(), Failure> {
        let course = self.begin(self.process, Operation::Delete)?;
        let Some(name) = self.names.get_mut(name).filter(|name| name.now.is_some()) else {
            return Err(Failure::NotThere);
        };
        name.now = None;
        course.heard()?;
        if sync_folder {
            self.sync_folder();
        }
        Ok(())
    }

    pub(super) fn is_there(&self, name: &str) -> Result<bool, Failure> {
        self.in_order(self.process)?;
        Ok(self.names.get(name).is_some_and(|name| name.now.is_some()))
    }

    pub(super) fn close(&mut self, opened: &Opened) {
        if opened.unnamed {
            self.files.remove(&opened.file);
        }
    }

    fn in_order(&self, process: u32) -> Result<(), Failure> {
        if self.end.is_some() || process != self.process { Err(Failure::Error) } else { Ok(()) }
    }
}

impl Course {
    const fn heard(self) -> Result<(), Failure> {
        match self {
            Self::Done => Ok(()),
            Self::Unheard => Err(Failure::Error),
        }
    }
}
