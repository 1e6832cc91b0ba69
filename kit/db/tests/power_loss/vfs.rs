//! SQLite's file system with a [`Disk`] looking on.
//!
//! It is a shim over the one SQLite has for Unix: every call goes there, and writes, truncations,
//! syncs and deletions below the disk's folder are told to the disk first. A sync is told only: what
//! survives is decided by the disk, so there is nothing to wait for.
#![expect(
    unsafe_code,
    reason = "SQLite takes a file system as a table of C functions"
)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use rusqlite::ffi;

use crate::disk::Disk;

/// Calls the function of the system below on its part of the file.
macro_rules! below_call {
    ($file:expr, $name:ident $(, $arg:expr)*) => {{
        let real = real($file);
        let call = (*(*real).pMethods).$name.expect("the system below has it");
        call(real $(, $arg)*)
    }};
}
static DISK: Mutex<Option<Arc<Disk>>> = Mutex::new(None);
static INSTALLED: Once = Once::new();

/// The shim's own part of an open file. SQLite allocates `szOsFile` bytes for each, so the file of
/// the system below lies directly behind it.
#[repr(C)]
struct Shim {
    base: ffi::sqlite3_file,
    /// From `Box::into_raw` at open, freed at close; null for files no disk looks at.
    watched: *mut Watched,
}

struct Watched {
    disk: Arc<Disk>,
    path: PathBuf,
}

/// Makes the shim the file system of this process, and `disk` the one that looks on from now on.
pub(crate) fn watch(disk: Option<Arc<Disk>>) {
    INSTALLED.call_once(install);
    *lock() = disk;
}

fn lock() -> MutexGuard<'static, Option<Arc<Disk>>> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn install() {
    // SAFETY: asking for a file system by name has no requirements; the answer lives as long as the
    // process, because nobody unregisters it.
    let below = unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) };
    assert!(!below.is_null(), "SQLite has no file system for Unix");
    // SAFETY: `below` was just checked and is only read. A copy keeps its other functions, which
    // take either table: of it they use only what the copy has too.
    let mut shim = unsafe { below.read() };
    let own = c_int::try_from(size_of::<Shim>()).expect("a small struct");
    shim.szOsFile += own;
    shim.pNext = null_mut();
    shim.zName = c"power".as_ptr();
    shim.xOpen = Some(open);
    shim.xDelete = Some(delete);
    // SAFETY: SQLite keeps the pointer for good, and so it is leaked; all of its functions stand in
    // this file or in SQLite.
    let code = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(shim)), 1) };
    assert_eq!(code, ffi::SQLITE_OK, "SQLite refuses the file system");
}

/// The file system below.
fn below() -> *mut ffi::sqlite3_vfs {
    // SAFETY: as in `install`, which found it.
    unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) }
}

/// # Safety
/// `name` is null or a C string.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, and so a C string, as the caller promises.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    Some(Path::new(OsStr::from_bytes(bytes)))
}

/// # Safety
/// `file` was opened by `open`.
unsafe fn watched<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Watched> {
    // SAFETY: `open` made a `Shim` of it, whose pointer is null or a box freed by `close` only,
    // after which SQLite calls nothing on the file.
    unsafe { (*file.cast::<Shim>()).watched.as_ref() }
}

/// The file of the system below.
///
/// # Safety
/// `file` points to `szOsFile` bytes, as every file of this file system does.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `szOsFile` is the size of `Shim`, a multiple of its alignment, plus what the system
    // below wants.
    unsafe { file.cast::<Shim>().add(1).cast() }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let kinds = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
    // SAFETY: SQLite passes null or a name that outlives the file.
    let path = unsafe { path(name) }.filter(|_| flags & kinds != 0);
    let disk = lock()
        .clone()
        .filter(|disk| path.is_some_and(|path| disk.holds(path)));
    // SAFETY: `file` has room for both parts; the system below gets its own table and its own part.
    let code = unsafe {
        (*file).pMethods = null();
        let open = (*below()).xOpen.expect("a file system opens files");
        open(below(), name, real(file), flags, out)
    };
    if code != ffi::SQLITE_OK {
        return code;
    }
    let watched = match (disk, path) {
        (Some(disk), Some(path)) => {
            disk.opened(path);
            let path = path.to_owned();
            Box::into_raw(Box::new(Watched { disk, path }))
        }
        _ => null_mut(),
    };
    // SAFETY: `file` is SQLite's memory for a `Shim` and more, aligned for any of its own structs.
    unsafe {
        let shim = file.cast::<Shim>();
        (&raw mut (*shim).watched).write(watched);
        (*file).pMethods = &raw const METHODS;
    }
    code
}

unsafe extern "C" fn delete(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync: c_int,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    if let Some(path) = unsafe { path(name) }
        && let Some(disk) = lock().clone().filter(|disk| disk.holds(path))
    {
        disk.delete(path, sync != 0);
    }
    // SAFETY: the arguments are handed on as they came, to the table they belong to.
    unsafe { ((*below()).xDelete.expect("a file system deletes files"))(below(), name, 0) }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the box came from `open` and is freed here only.
    unsafe {
        let shim = file.cast::<Shim>();
        let watched = std::mem::replace(&mut (*shim).watched, null_mut());
        if !watched.is_null() {
            drop(Box::from_raw(watched));
        }
        below_call!(file, xClose)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(size), Ok(at)) = (usize::try_from(amount), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite opened the file here and passes `amount` readable bytes.
    unsafe {
        if let Some(Watched { disk, path }) = watched(file) {
            disk.write(path, at, std::slice::from_raw_parts(data.cast(), size));
        }
        below_call!(file, xWrite, data, amount, offset)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite opened the file here.
    unsafe {
        if let Some(Watched { disk, path }) = watched(file) {
            let Ok(size) = usize::try_from(size) else {
                return ffi::SQLITE_IOERR_TRUNCATE;
            };
            disk.truncate(path, size);
        }
        below_call!(file, xTruncate, size)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite opened the file here.
    unsafe {
        if let Some(Watched { disk, path }) = watched(file) {
            disk.sync(path);
            return ffi::SQLITE_OK;
        }
        below_call!(file, xSync, flags)
    }
}

/// Functions that only hand on.
macro_rules! handed_on {
    ($($name:ident => $method:ident($($arg:ident: $kind:ty),*) -> $out:ty;)+) => {
        $(
            unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $arg: $kind)*) -> $out {
                // SAFETY: SQLite opened the file here; the arguments go on as they came.
                unsafe { below_call!(file, $method $(, $arg)*) }
            }
        )+
    };
}

handed_on! {
    read => xRead(data: *mut c_void, amount: c_int, offset: ffi::sqlite3_int64) -> c_int;
    file_size => xFileSize(size: *mut ffi::sqlite3_int64) -> c_int;
    file_lock => xLock(level: c_int) -> c_int;
    file_unlock => xUnlock(level: c_int) -> c_int;
    check_reserved => xCheckReservedLock(out: *mut c_int) -> c_int;
    control => xFileControl(op: c_int, arg: *mut c_void) -> c_int;
    sector_size => xSectorSize() -> c_int;
    characteristics => xDeviceCharacteristics() -> c_int;
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock => xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int;
    shm_barrier => xShmBarrier() -> ();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int;
}

/// Version 2: with shared memory for the log, without memory-mapped reads.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(file_lock),
    xUnlock: Some(file_unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
