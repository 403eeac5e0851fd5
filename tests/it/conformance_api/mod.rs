//! The conformance checklist of the chat API: one test per statement, named by the statement's number.
//!
//! Each file is a section of the list. Where a statement leaves a choice, its test asserts the one this gateway made
//! (`src/api/chat.rs` says which).

mod client;
mod fleet;
mod hardening;
mod s1_auth;
mod s1_requests;
mod s1_values;
mod s2_list;
mod s2_list_window;
mod s3_send;
mod s4_broadcast;
mod s5_mark_read;
mod s6_mark_read_all;
mod s7_updated;
mod s8_unread;
mod s9_related;
