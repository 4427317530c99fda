//! The disk as SQLite sees it: a VFS in C's terms. The one place of the whole project with `unsafe` in it, because
//! SQLite calls through pointers; everything that is decided is decided in safe code beside it.

#![allow(unsafe_code, reason = "SQLite's interface for file systems is pointers to C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr::{null, null_mut};
use std::slice;
use std::sync::{Arc, Mutex, Once, Weak};

use rusqlite::ffi;

use super::operations::Opened;
use super::{Failure, Operation, State};

pub(super) const NAME: &CStr = c"simulated-disk";

/// What a path has at most, its final 0 included.
const LONGEST_PATH: c_int = 256;

/// The disks by their folders, which are numbers: `/17/jitney.db`.
struct Mounted {
    last: u64,
    disks: BTreeMap<u64, Weak<Mutex<State>>>,
}

static MOUNTED: Mutex<Mounted> = Mutex::new(Mounted { last: 0, disks: BTreeMap::new() });

/// Gives the disk a folder of its own for as long as it lives.
pub(super) fn mount(state: &Arc<Mutex<State>>) -> u64 {
    register();
    let mut mounted = MOUNTED.lock().unwrap();
    mounted.disks.retain(|_, disk| disk.strong_count() > 0);
    mounted.last += 1;
    let folder = mounted.last;
    mounted.disks.insert(folder, Arc::downgrade(state));
    folder
}

/// The disk and the name in its folder.
fn find(path: &str) -> Option<(Arc<Mutex<State>>, &str)> {
    let (folder, name) = path.strip_prefix('/')?.split_once('/')?;
    let mounted = MOUNTED.lock().unwrap();
    let disk = mounted.disks.get(&folder.parse().ok()?)?.upgrade()?;
    Some((disk, name))
}

/// An open file in the memory that SQLite sets aside for it.
#[repr(C)]
struct Handle {
    /// First, as SQLite takes the whole for this.
    base: ffi::sqlite3_file,
    inner: *mut Inner,
}

struct Inner {
    disk: Arc<Mutex<State>>,
    opened: Opened,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the default VFS, if there is one, lives as long as the process.
        let default =
            unsafe { ffi::sqlite3_vfs_find(null()).as_ref() }.expect("SQLite has a VFS on this system");
        let vfs = ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<Handle>()).unwrap(),
            mxPathname: LONGEST_PATH,
            pNext: null_mut(),
            zName: NAME.as_ptr(),
            pAppData: null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            // What has nothing to do with a disk stays the system's.
            xRandomness: default.xRandomness,
            xSleep: default.xSleep,
            xCurrentTime: default.xCurrentTime,
            xCurrentTimeInt64: default.xCurrentTimeInt64,
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xGetLastError: None,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        // SAFETY: the structure is leaked, so it outlives every connection, and its name is a constant.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
        assert_eq!(code, ffi::SQLITE_OK, "the VFS is registered");
    });
}

const fn code(operation: Operation, failure: Failure) -> c_int {
    match (failure, operation) {
        (Failure::Full, _) => ffi::SQLITE_FULL,
        (Failure::NotThere, Operation::Delete) => ffi::SQLITE_IOERR_DELETE_NOENT,
        (Failure::NotThere, _) | (Failure::Error, Operation::Open) => ffi::SQLITE_CANTOPEN,
        (Failure::Error, Operation::Read) => ffi::SQLITE_IOERR_READ,
        (Failure::Error, Operation::Write) => ffi::SQLITE_IOERR_WRITE,
        (Failure::Error, Operation::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
        (Failure::Error, Operation::Sync) => ffi::SQLITE_IOERR_FSYNC,
        (Failure::Error, Operation::Delete) => ffi::SQLITE_IOERR_DELETE,
    }
}

fn result(operation: Operation, done: Result<(), Failure>) -> c_int {
    done.map_or_else(|failure| code(operation, failure), |()| ffi::SQLITE_OK)
}

/// # Safety
/// `text` is null, or a string that ends with 0 and lives for `'a`.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

/// # Safety
/// `file` was opened by [`open`] and not closed since, and no other reference to what is behind it is alive: SQLite
/// uses one file from one thread at a time.
unsafe fn inner<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Inner {
    // SAFETY: `open` put a `Handle` there, whose `inner` it leaked from a box.
    unsafe { &mut *(*file.cast::<Handle>()).inner }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for `szOsFile` bytes; without methods it does not close what did not open.
    unsafe { (*file).pMethods = null() };
    // SAFETY: a path is null for a file without a name, or a string that outlives the call.
    let path = unsafe { text(path) };
    let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
    let may_create = flags & ffi::SQLITE_OPEN_CREATE != 0;
    let Some(path) = path else {
        // A statement's own journal, which no power cut is about.
        return open_unnamed(file);
    };
    let Some((disk, name)) = find(path) else { return ffi::SQLITE_CANTOPEN };
    let opened = disk.lock().unwrap().open(Some(name), may_create, is_log);
    let opened = match opened {
        Ok(opened) => opened,
        Err(failure) => return code(Operation::Open, failure),
    };
    // SAFETY: the room is SQLite's, big enough for a `Handle` and aligned for any pointer.
    unsafe { put(file, disk, opened) };
    if !out_flags.is_null() {
        // SAFETY: not null, so it is SQLite's variable.
        unsafe { *out_flags = flags };
    }
    ffi::SQLITE_OK
}

/// On a disk of its own.
fn open_unnamed(file: *mut ffi::sqlite3_file) -> c_int {
    let disk = Arc::new(Mutex::new(State::default()));
    let opened = disk.lock().unwrap().open(None, true, false);
    match opened {
        Ok(opened) => {
            // SAFETY: `open` passes the room on that SQLite gave it.
            unsafe { put(file, disk, opened) };
            ffi::SQLITE_OK
        }
        Err(failure) => code(Operation::Open, failure),
    }
}

/// # Safety
/// `file` points to room for a `Handle`.
unsafe fn put(file: *mut ffi::sqlite3_file, disk: Arc<Mutex<State>>, opened: Opened) {
    let inner = Box::into_raw(Box::new(Inner { disk, opened }));
    // SAFETY: as the caller promises; what was there before needs no drop.
    unsafe { file.cast::<Handle>().write(Handle { base: ffi::sqlite3_file { pMethods: &METHODS }, inner }) };
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and uses it no more; `put` leaked the box.
    let inner = unsafe { Box::from_raw((*file.cast::<Handle>()).inner) };
    inner.disk.lock().unwrap().close(&inner.opened);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite reads from a file that is open, into a buffer of `amount` bytes.
    let (inner, into) = unsafe {
        (inner(file), slice::from_raw_parts_mut(into.cast::<u8>(), usize::try_from(amount).unwrap()))
    };
    let mut disk = inner.disk.lock().unwrap();
    match disk.read(&inner.opened, usize::try_from(offset).unwrap(), into) {
        Ok(read) if read == into.len() => ffi::SQLITE_OK,
        Ok(read) => {
            into[read..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(failure) => code(Operation::Read, failure),
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite writes to a file that is open, from a buffer of `amount` bytes.
    let (inner, bytes) =
        unsafe { (inner(file), slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(amount).unwrap())) };
    let mut disk = inner.disk.lock().unwrap();
    result(Operation::Write, disk.write(&inner.opened, usize::try_from(offset).unwrap(), bytes))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite truncates a file that is open.
    let inner = unsafe { inner(file) };
    let mut disk = inner.disk.lock().unwrap();
    result(Operation::Truncate, disk.truncate(&inner.opened, usize::try_from(size).unwrap()))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite syncs a file that is open.
    let inner = unsafe { inner(file) };
    let mut disk = inner.disk.lock().unwrap();
    result(Operation::Sync, disk.sync(&mut inner.opened))
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite asks for the size of a file that is open.
    let inner = unsafe { inner(file) };
    let asked = inner.disk.lock().unwrap().size(&inner.opened);
    match asked {
        Ok(bytes) => {
            // SAFETY: the answer goes into SQLite's variable.
            unsafe { *size = ffi::sqlite3_int64::try_from(bytes).unwrap() };
            ffi::SQLITE_OK
        }
        Err(_) => ffi::SQLITE_IOERR_FSTAT,
    }
}

/// One connection at a time: the instance lock sees to that in earnest, the simulation here.
unsafe extern "C" fn lock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_file: *mut ffi::sqlite3_file, reserved: *mut c_int) -> c_int {
    // SAFETY: the answer goes into SQLite's variable.
    unsafe { *reserved = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    if operation != ffi::SQLITE_FCNTL_PRAGMA {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: the file is open; for a pragma the argument is an array of four strings, the pragma's name at 1 and
    // what is asked for at 2.
    let (inner, name, wanted) = unsafe {
        let words = argument.cast::<*const c_char>();
        (inner(file), text(*words.add(1)), text(*words.add(2)))
    };
    let kept_normal = inner.disk.lock().unwrap().synchronous_normal;
    let is_told_otherwise = name == Some("synchronous") && wanted.is_some_and(|wanted| wanted != "1");
    if kept_normal && is_told_otherwise {
        // Taken for done: SQLite does nothing more about it.
        return ffi::SQLITE_OK;
    }
    ffi::SQLITE_NOTFOUND
}

/// As SQLite takes it for granted of a system's file.
unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As SQLite takes it for granted of a system's file: a write leaves the bytes beside it alone.
unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a string that outlives the call.
    let Some((disk, name)) = unsafe { text(path) }.and_then(find) else { return ffi::SQLITE_IOERR_DELETE };
    result(Operation::Delete, disk.lock().unwrap().delete(name, sync_folder != 0))
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    _flags: c_int,
    there: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a string that outlives the call.
    let Some((disk, name)) = unsafe { text(path) }.and_then(find) else { return ffi::SQLITE_IOERR_ACCESS };
    let asked = disk.lock().unwrap().is_there(name);
    match asked {
        Ok(yes) => {
            // SAFETY: the answer goes into SQLite's variable.
            unsafe { *there = c_int::from(yes) };
            ffi::SQLITE_OK
        }
        Err(_) => ffi::SQLITE_IOERR_ACCESS,
    }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    full: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a string that outlives the call.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if bytes.len() > usize::try_from(room).unwrap() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: there is room for that much, and the two don't overlap.
    unsafe { full.copy_from_nonoverlapping(bytes.as_ptr().cast(), bytes.len()) };
    ffi::SQLITE_OK
}
