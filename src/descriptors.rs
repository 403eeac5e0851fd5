//! The table of file descriptors: one per connection, so it is enlarged before there is anything to slow down.
//!
//! The kernel doubles a process's table whenever it runs full, and in a process with more than one thread that takes 8 to 15
//! milliseconds during which no connection is accepted. While a whole fleet reconnects that happens several times, and devices whose
//! SYN is dropped meanwhile try again only after a second. One descriptor at the far end, made and closed while there is only one
//! thread, brings the table to its full size once, for 8 bytes a slot.

use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Slots up to which the table is enlarged: 64 MiB of table for a limit nobody set is no service.
const MOST: u64 = 4 * 1024 * 1024;

/// Raises the soft limit of open files to the hard one and enlarges the descriptor table to it. Returns the limit in force.
///
/// To be called before any thread is started.
///
/// # Errors
/// If the system refuses; the process works all the same, with fewer or slower connections.
pub fn expand() -> io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    let limit = maximum.unwrap_or(MOST);
    let last = i32::try_from(limit.clamp(1, MOST) - 1).unwrap_or(i32::MAX);
    let standard_error = io::stderr();
    drop(fcntl_dupfd_cloexec(&standard_error, last)?);
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let limit = expand().unwrap();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert!(limit > 0 && maximum.is_none_or(|maximum| maximum == limit));
    }
}
