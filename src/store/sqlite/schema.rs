//! The database file: how it is opened, which schema version it has, how it is brought up to date.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Result, TransactionBehavior};

use super::SqliteOptions;
use super::query::keep_statements;

/// The steps from an empty file to the current schema. Step `n` leads to version `n + 1`; steps are never edited, only added.
const STEPS: &[&str] = &[include_str!("schema/001_initial.sql")];

/// Schema version of this build.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// Marks a file as ours (`PRAGMA application_id`): "Cabw".
const APPLICATION: i64 = 0x4361_6277;

/// WAL pages after which a commit also checkpoints. Four times SQLite's default: the tail of commit times is shortest there.
const CHECKPOINT_PAGES: u32 = 4000;

/// Pages the writer keeps, in KiB (SQLite's convention: negative). Every text touches a page or two of its tracker's own; what
/// does not fit is read again, and written in the middle of transactions.
const CACHE_KIBIBYTES: i32 = -65536;

/// The log is cut back to so many bytes when a checkpoint has emptied it.
const LOG_BYTES: u32 = 64 << 20;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its schema is older than this build's.
    #[error(
        "{}: the database is at schema {found}, this build needs {needed}: run `cabwire migrate`",
        path.display()
    )]
    Outdated {
        /// The file.
        path: PathBuf,
        /// Its schema version; 0 for a file that is not there yet.
        found: i64,
        /// This build's.
        needed: i64,
    },
    /// Its schema is newer than this build's.
    #[error(
        "{}: the database is at schema {found}, this build knows {known} at most: run a newer cabwire, \
         or restore the backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// This build's.
        known: i64,
    },
    /// It is somebody else's SQLite database.
    #[error("{}: this SQLite database was not made by cabwire", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file or its directory cannot be made or opened.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("{}: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The system gives no thread.
    #[error("a thread of the store does not start: {source}")]
    Thread {
        /// Why.
        source: std::io::Error,
    },
}

/// Opens a connection to the file at `path`, which must be there.
fn connect(path: &Path, options: &SqliteOptions, access: OpenFlags) -> Result<Connection> {
    // A connection belongs to one thread; it needs no lock of its own.
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(options.busy)?;
    keep_statements(&conn);
    Ok(conn)
}

/// The one connection that writes.
pub(super) fn writer(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    let conn = connect(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Pragmas take no parameters; all these are numbers.
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = {CACHE_KIBIBYTES}; \
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {LOG_BYTES}"
    ))?;
    if let Some(pages) = options.max_pages {
        conn.execute_batch(&format!("PRAGMA max_page_count = {pages}"))?;
    }
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    connect(path, options, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens the file for writing, brought to this build's schema if the options say so.
pub(super) fn open(
    path: &Path,
    options: &SqliteOptions,
) -> std::result::Result<Connection, OpenError> {
    if options.migrate {
        create_file(path)?;
    } else if !path.exists() {
        return Err(OpenError::Outdated { path: path.to_owned(), found: 0, needed: SCHEMA });
    }
    let database = |source| OpenError::Database { path: path.to_owned(), source };
    let mut conn = writer(path, options).map_err(database)?;
    let found = version(&conn).map_err(database)?;
    check(path, found, options.migrate)?;
    if found.schema < SCHEMA {
        upgrade(&mut conn).map_err(database)?;
    }
    Ok(conn)
}

/// Creates the directory and the file, readable by nobody else: it holds password hashes and people's words.
fn create_file(path: &Path) -> std::result::Result<(), OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::File { path, source }
    };
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(failed(directory))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed(path))?;
    Ok(())
}

/// What a file says about itself.
#[derive(Clone, Copy)]
struct Version {
    application: i64,
    schema: i64,
    empty: bool,
}

fn version(conn: &Connection) -> Result<Version> {
    let query = "SELECT (SELECT application_id FROM pragma_application_id), \
         (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)";
    conn.query_row(query, [], |row| {
        let objects: i64 = row.get(2)?;
        Ok(Version { application: row.get(0)?, schema: row.get(1)?, empty: objects == 0 })
    })
}

fn check(path: &Path, found: Version, migrate: bool) -> std::result::Result<(), OpenError> {
    let path = path.to_owned();
    if found.application != APPLICATION && !found.empty {
        return Err(OpenError::Foreign { path });
    }
    if found.schema > SCHEMA {
        return Err(OpenError::Newer { path, found: found.schema, known: SCHEMA });
    }
    if found.schema < SCHEMA && !migrate {
        return Err(OpenError::Outdated { path, found: found.schema, needed: SCHEMA });
    }
    Ok(())
}

/// Takes the missing steps in one transaction. Another process may have been faster, so the version is read again under the lock.
fn upgrade(conn: &mut Connection) -> Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = usize::try_from(version(&transaction)?.schema).unwrap_or(0);
    for step in STEPS.iter().copied().skip(from) {
        transaction.execute_batch(step)?;
    }
    // Pragmas take no parameters; both numbers are constants of this build.
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}");
    transaction.execute_batch(&marks)?;
    transaction.commit()
}
