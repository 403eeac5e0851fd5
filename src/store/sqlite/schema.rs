//! The database file: how it is opened, which schema version it has, how it is brought up to date.

use std::path::{Path, PathBuf};

use super::SqliteOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

/// The steps from an empty file to the current schema. Step `n` leads to version `n + 1`; steps are never edited, only added.
const STEPS: &[&str] = &[include_str!("schema/001_initial.sql")];

/// Schema version of this build.
pub const SCHEMA: i64 = STEPS.len() as i64;

/// Marks a file as ours (`PRAGMA application_id`): "Cabw".
const APPLICATION: i64 = 0x4361_6277;

/// WAL pages after which a commit also checkpoints. Four times SQLite's default: the tail of commit times is shortest there.
const CHECKPOINT_PAGES: &str = "4000";

/// Pages the writer keeps, in KiB (SQLite's convention: negative). Every text touches a page or two of its tracker's own; what
/// does not fit is read again, and written in the middle of transactions.
const CACHE_KIBIBYTES: &str = "-65536";

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
        source: sqlx::Error,
    },
}

/// How connections to the file at `path` behave.
fn connect_options(path: &Path, options: &SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(options.busy)
        .statement_cache_capacity(200)
        .row_buffer_size(1024)
        .disable_statement_logging()
}

/// The one connection that writes.
pub(super) fn writer_options(path: &Path, options: &SqliteOptions) -> SqliteConnectOptions {
    let connect = connect_options(path, options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .pragma("cache_size", CACHE_KIBIBYTES)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", "67108864");
    match options.max_pages {
        Some(pages) => connect.pragma("max_page_count", pages.to_string()),
        None => connect,
    }
}

/// Connections that only read.
pub(super) fn reader_options(path: &Path, options: &SqliteOptions) -> SqliteConnectOptions {
    connect_options(path, options).read_only(true)
}

/// Opens the file for writing, brought to this build's schema if the options say so.
pub(super) async fn open(
    path: &Path,
    options: &SqliteOptions,
) -> Result<SqliteConnection, OpenError> {
    if options.migrate {
        create_file(path)?;
    } else if !path.exists() {
        return Err(OpenError::Outdated { path: path.to_owned(), found: 0, needed: SCHEMA });
    }
    let database = |source| OpenError::Database { path: path.to_owned(), source };
    let mut conn = writer_options(path, options).connect().await.map_err(database)?;
    let found = version(&mut conn).await.map_err(database)?;
    let checked = check(path, found, options.migrate);
    if checked.is_ok() && found.schema < SCHEMA {
        upgrade(&mut conn).await.map_err(database)?;
    }
    if let Err(error) = checked {
        conn.close().await.map_err(database)?;
        return Err(error);
    }
    Ok(conn)
}

/// Creates the directory and the file, readable by nobody else: it holds password hashes and people's words.
fn create_file(path: &Path) -> Result<(), OpenError> {
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

async fn version(conn: &mut SqliteConnection) -> Result<Version, sqlx::Error> {
    let (application, schema, objects): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id), \
         (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(conn)
    .await?;
    Ok(Version { application, schema, empty: objects == 0 })
}

fn check(path: &Path, found: Version, migrate: bool) -> Result<(), OpenError> {
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
async fn upgrade(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    let from = usize::try_from(version(&mut transaction).await?.schema).unwrap_or(0);
    for step in STEPS.iter().copied().skip(from) {
        sqlx::raw_sql(step).execute(&mut *transaction).await?;
    }
    // Pragmas take no parameters; both numbers are constants of this build.
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await
}
