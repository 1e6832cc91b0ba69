//! What the allocator keeps of memory that was freed.

/// Has freed memory given back to the system. Called before there are threads; whether the allocator agreed.
///
/// Left to itself, glibc's allocator raises two thresholds to the size of any large block that is freed (mallopt(3), under
/// `M_MMAP_THRESHOLD`): after one password hash, of 19 MiB, each thread's arena keeps twice as much for later. That was 48 of
/// 121 MiB a quarter of a minute after 128 log-ins. Setting the thresholds makes them stay.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the allocator's settings have no other interface"
)]
pub fn give_back() -> bool {
    /// Blocks from here on are mapped alone and unmapped when they are freed.
    const MAPPED: libc::c_int = 256 * 1024;
    /// So much may lie free at the end of an arena.
    const KEPT: libc::c_int = 128 * 1024;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Fewer arenas have fewer holes; threads that share one wait for each other, so there are as many as can run.
    let arenas = libc::c_int::try_from(cores)
        .unwrap_or(libc::c_int::MAX)
        .max(2);
    let settings = [
        (libc::M_MMAP_THRESHOLD, MAPPED),
        (libc::M_TRIM_THRESHOLD, KEPT),
        (libc::M_ARENA_MAX, arenas),
    ];
    // SAFETY: mallopt takes two integers by value and answers 0 for what it does not accept. It is not safe beside other
    // threads' first allocations, and here are none yet.
    let set = |(setting, value)| unsafe { libc::mallopt(setting, value) } != 0;
    settings.into_iter().all(set)
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() -> bool {
    true
}

/// Has what lies free between blocks in use given back, too, for as long as the process lives: connections to databases that
/// nobody uses leave such holes when their memory is freed (13 of 34 MiB with 32 workspaces open).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator has no other interface")]
pub(crate) fn keep_small() -> std::io::Result<()> {
    /// Seldom, as what is needed again has to be asked for again.
    const EVERY: std::time::Duration = std::time::Duration::from_secs(20);
    let trim = || {
        loop {
            std::thread::park_timeout(EVERY);
            // SAFETY: malloc_trim takes an integer, is safe beside other threads (malloc_trim(3)), and touches free memory
            // only. It says whether there was any.
            unsafe { libc::malloc_trim(0) };
        }
    };
    let thread = std::thread::Builder::new().name("gantry-memory".to_owned());
    thread.spawn(trim).map(drop)
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_small() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_allocator_agrees() {
        assert!(super::give_back());
    }
}
