//! The command itself, as a process: what it prints, what it refuses, how it ends.

mod administration;
mod process;
mod serving;
mod systemd;
