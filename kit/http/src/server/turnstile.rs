//! A listener that lets nobody new in while those on their way still come through.
//!
//! Closing a listening socket resets every connection in its queue, and its client cannot know whether its request was
//! taken. So the system is asked first to ignore requests for new connections (SYN without ACK, RFC 9293): such a
//! client hears nothing, asks again after about a second, and is then refused, or finds the next process.

use std::io;

use tokio::net::TcpListener;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn shut(listener: &TcpListener) -> io::Result<()> {
    use socket2::{SockFilter, SockRef};

    /// Operations of the classic packet filter (`linux/bpf_common.h`).
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    /// Where a TCP header has its flags, and those that matter.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;

    let program = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    SockRef::from(listener).attach_filter(&program)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn shut(_: &TcpListener) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
