//! What a disk would hold if the power went now.
//!
//! A write reaches the file at once, for the running program, and the disk's own copy only with a
//! sync. Between the two it is pending: a power cut keeps any part of it, sector by sector, in any
//! order. A file that was never synced may be missing as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// `SplitMix64`: the same seed gives the same cuts.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % bound
    }
}

/// The disk below one folder.
pub(crate) struct Disk {
    root: PathBuf,
    state: Mutex<State>,
}

struct State {
    files: BTreeMap<PathBuf, File>,
    random: Random,
    /// One call in so many is a cut.
    one_in: u64,
    wanted: usize,
    cuts: Vec<Cut>,
    calls: u64,
    /// What was acknowledged so far, as the callers noted it.
    acknowledged: Vec<i64>,
}

#[derive(Default)]
struct File {
    /// As of the last sync; `None` while not even the name is on the disk.
    durable: Option<Vec<u8>>,
    pending: Vec<Change>,
    /// The file of this name that was deleted, as long as the disk may not know it.
    before: Option<Vec<u8>>,
    deleted: bool,
}

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// The disk after a power cut.
pub(crate) struct Cut {
    /// Calls of the file system before it.
    pub(crate) call: u64,
    /// What its callers had been told by then.
    pub(crate) acknowledged: Vec<i64>,
    /// Path below the folder, and contents.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
}

/// How much of what was pending a cut keeps.
#[derive(Clone, Copy)]
enum Kept {
    Nothing,
    Everything,
    /// Changes up to one of them.
    Beginning,
    /// Any sectors of any changes.
    Sectors,
}

impl Disk {
    /// What is there now is on the disk.
    pub(crate) fn new(root: PathBuf, seed: u64, one_in: u64, wanted: usize) -> Self {
        let mut files = BTreeMap::new();
        find(&root, &mut files);
        Self {
            root,
            state: Mutex::new(State {
                files,
                random: Random::new(seed),
                one_in,
                wanted,
                cuts: Vec::new(),
                calls: 0,
                acknowledged: Vec::new(),
            }),
        }
    }

    pub(crate) fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    /// A caller was told that this is stored.
    pub(crate) fn acknowledge(&self, id: i64) {
        self.with(|state| state.acknowledged.push(id));
    }

    pub(crate) fn is_satisfied(&self) -> bool {
        self.with(|state| state.cuts.len() >= state.wanted)
    }

    pub(crate) fn take_cuts(&self) -> Vec<Cut> {
        self.with(|state| std::mem::take(&mut state.cuts))
    }

    /// A file is opened, and made if it was not there.
    pub(crate) fn opened(&self, path: &Path) {
        self.with(|state| {
            let known = state.files.get(path).is_some_and(|file| !file.deleted);
            if known {
                return;
            }
            let before = state
                .files
                .remove(path)
                .and_then(|gone| gone.durable.or(gone.before));
            let file = File {
                before,
                ..File::default()
            };
            state.files.insert(path.to_owned(), file);
        });
    }

    pub(crate) fn write(&self, path: &Path, at: usize, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.change(path, Change::Write { at, bytes });
    }

    pub(crate) fn truncate(&self, path: &Path, size: usize) {
        self.change(path, Change::Truncate(size));
    }

    fn change(&self, path: &Path, change: Change) {
        self.with(|state| {
            state.call(&self.root);
            if let Some(file) = state.files.get_mut(path) {
                file.pending.push(change);
            }
        });
    }

    pub(crate) fn sync(&self, path: &Path) {
        self.with(|state| {
            state.call(&self.root);
            if let Some(file) = state.files.get_mut(path) {
                let mut bytes = file.durable.take().unwrap_or_default();
                for change in file.pending.drain(..) {
                    change.apply(&mut bytes);
                }
                file.durable = Some(bytes);
                file.before = None;
            }
        });
    }

    /// Deleted for the running program; the disk knows it at once only with `synced`.
    pub(crate) fn delete(&self, path: &Path, synced: bool) {
        self.with(|state| {
            state.call(&self.root);
            if synced {
                state.files.remove(path);
            } else if let Some(file) = state.files.get_mut(path) {
                file.deleted = true;
            }
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// A call of the file system is about to happen: perhaps the power goes before it.
    fn call(&mut self, root: &Path) {
        self.calls += 1;
        if self.cuts.len() >= self.wanted || self.random.below(self.one_in) != 0 {
            return;
        }
        let kept = match self.random.below(4) {
            0 => Kept::Nothing,
            1 => Kept::Everything,
            2 => Kept::Beginning,
            _ => Kept::Sectors,
        };
        let mut files = Vec::new();
        for (path, file) in &self.files {
            if let Some(bytes) = file.after_cut(kept, &mut self.random) {
                let below = path.strip_prefix(root).unwrap_or(path).to_owned();
                files.push((below, bytes));
            }
        }
        self.cuts.push(Cut {
            call: self.calls,
            acknowledged: self.acknowledged.clone(),
            files,
        });
    }
}

impl File {
    fn after_cut(&self, kept: Kept, random: &mut Random) -> Option<Vec<u8>> {
        if self.deleted && random.below(2) == 0 {
            return None;
        }
        let Some(durable) = &self.durable else {
            return match random.below(3) {
                0 => self.before.clone(),
                1 => None,
                _ => Some(self.changed(Vec::new(), kept, random)),
            };
        };
        Some(self.changed(durable.clone(), kept, random))
    }

    fn changed(&self, mut bytes: Vec<u8>, kept: Kept, random: &mut Random) -> Vec<u8> {
        let many = self.pending.len();
        let whole = match kept {
            Kept::Nothing | Kept::Sectors => 0,
            Kept::Everything => many,
            Kept::Beginning => usize::try_from(random.below(many as u64 + 1)).unwrap_or(0),
        };
        for change in &self.pending[..whole] {
            change.apply(&mut bytes);
        }
        if matches!(kept, Kept::Sectors) {
            for change in &self.pending {
                change.apply_sectors(&mut bytes, random);
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes: new } => put(bytes, *at, new),
            Self::Truncate(size) => bytes.resize(*size, 0),
        }
    }

    fn apply_sectors(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        match self {
            Self::Write { at, bytes: new } => {
                let mut from = 0;
                while from < new.len() {
                    let room = SECTOR - (at + from) % SECTOR;
                    let to = new.len().min(from + room);
                    if random.below(2) == 0 {
                        put(bytes, at + from, &new[from..to]);
                    }
                    from = to;
                }
            }
            Self::Truncate(size) => {
                if random.below(2) == 0 {
                    bytes.resize(*size, 0);
                }
            }
        }
    }
}

fn find(folder: &Path, files: &mut BTreeMap<PathBuf, File>) {
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "db") {
            let file = File {
                durable: Some(std::fs::read(&path).expect("a file")),
                ..File::default()
            };
            files.insert(path, file);
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    let end = at + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(new);
}
