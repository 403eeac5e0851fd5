//! Every statement the store runs, as constants, so that tests can prepare and explain each of them.
//!
//! What is written goes in row by row: a statement is prepared once per connection, and running it once more costs a microsecond or two.
//! Lists of keys to be read go in as one JSON array (`json_each(?1)`). `status = 0` is written out wherever the index over pending
//! messages is meant to serve, because a bound value would not match a partial index.
//!
//! Two habits for speed. `LIMIT ?1 + 0`: SQLite looks at a bare bound limit when it plans, and so would plan anew for every value.
//! `OR ROLLBACK` in statements that write many rows: without it SQLite copies every page it changes, to be able to undo the statement
//! alone; ours are never undone alone.

/// Collects the constants into [`ALL`].
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        /// Every statement with its name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! message_columns {
    () => {
        "id, tracker_id, direction, status, submit_ms, update_ms, text, employee_id"
    };
}

macro_rules! list {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM message \
             WHERE tracker_id = ?1 AND direction = 0 AND status = 0 AND submit_ms BETWEEN ?2 AND ?3 \
             UNION ALL \
             SELECT ",
            message_columns!(),
            " FROM message \
             WHERE tracker_id = ?1 AND direction = 0 AND status = 1 AND submit_ms BETWEEN ?2 AND ?3 \
             UNION ALL \
             SELECT ",
            message_columns!(),
            " FROM message \
             WHERE tracker_id = ?1 AND direction = 1 AND submit_ms BETWEEN ?2 AND ?3 \
             ORDER BY submit_ms ",
            $order,
            ", id ",
            $order,
            " LIMIT ?4 + 0"
        )
    };
}

macro_rules! user_columns {
    () => {
        "id, login, password_hash, title, time_zone, locale, master_id, blocked, created_ms"
    };
}

macro_rules! tracker_columns {
    () => {
        "id, user_id, label, protocol, identity, secret, options, model, tariff_id, blocked, \
         group_id, phone, created_ms, employee_id"
    };
}

macro_rules! model_columns {
    () => {
        "code, name, vendor, kind, id_type, profile, chat"
    };
}

macro_rules! employee_columns {
    () => {
        "id, user_id, first_name, middle_name, last_name, email, phone, hardware_key, personnel_number"
    };
}

statements! {
    // ── transactions ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Takes the write lock.
    BEGIN = "BEGIN IMMEDIATE";
    /// Changes when another process has committed.
    DATA_VERSION = "PRAGMA data_version";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    SAVEPOINT = "SAVEPOINT job";
    RELEASE = "RELEASE job";
    ROLLBACK_TO = "ROLLBACK TO job";

    // ── what the writer keeps in memory ─────────────────────────────────────────────────────────────────────────────

    HIGHEST_ID = "SELECT max(message_id, coalesce((SELECT max(id) FROM message), 0)), \
         max(submit_ms, coalesce((SELECT m.submit_ms FROM message m \
             WHERE m.id = (SELECT max(id) FROM message)), 0)) \
         FROM high_water";
    /// A tracker that exists, with the serial of its next part if it has outgoing texts.
    NEXT_SERIAL = "SELECT (SELECT m.serial + m.parts FROM message m \
             WHERE m.tracker_id = t.id AND m.direction = 1 \
             ORDER BY m.submit_ms DESC, m.id DESC LIMIT 1) \
         FROM tracker t WHERE t.id = ?1";
    /// A tracker that exists, with its last 64 incoming texts if it has any.
    RECENT_TEXTS = "SELECT m.repeat_key, m.submit_ms \
         FROM tracker t LEFT JOIN message m ON m.id IN (SELECT id FROM (\
             SELECT i.id, i.submit_ms FROM message i \
             WHERE i.tracker_id = ?1 AND i.direction = 0 AND i.status = 0 \
             UNION ALL SELECT i.id, i.submit_ms FROM message i \
             WHERE i.tracker_id = ?1 AND i.direction = 0 AND i.status = 1 \
             ORDER BY 2 DESC, 1 DESC LIMIT 64)) \
         WHERE t.id = ?1 ORDER BY m.id";

    // ── messages, writing ───────────────────────────────────────────────────────────────────────────────────────────

    INSERT_OUTGOING = "INSERT INTO message (id, tracker_id, direction, status, submit_ms, text, \
             serial, parts, parts_done, attempts, cuts, lossy, author_id, expires_ms) \
         VALUES (?1, ?2, 1, 0, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?9, ?10)";
    INSERT_INCOMING = "INSERT INTO message (id, tracker_id, direction, status, submit_ms, text, \
             repeat_key, employee_id, device_ms, reply_to, from_device) \
         VALUES (?1, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// All parts of a pending text are confirmed.
    CONFIRM_ALL = "UPDATE message SET status = 1, update_ms = ?3, parts_done = parts, \
             attempts = coalesce(?4, attempts), retry_ms = NULL \
         WHERE id = ?1 AND direction = 1 AND status = 0 AND parts <= ?2";
    /// More parts of a pending text are confirmed than before, but not all.
    CONFIRM_SOME = "UPDATE message SET parts_done = ?2, attempts = coalesce(?3, attempts), \
             retry_ms = NULL \
         WHERE id = ?1 AND direction = 1 AND status = 0 AND parts > ?2 AND parts_done < ?2";
    NOTE_FAILED = "UPDATE message SET attempts = ?2, retry_ms = ?3, last_error = ?4 \
         WHERE id = ?1 AND direction = 1 AND status = 0";
    /// Among a tracker's 4096 oldest pending texts, the oldest whose next part has the quoted serial; ?3 are the serial's bits.
    PENDING_BY_SERIAL = "SELECT id, parts_done FROM (SELECT id, serial, parts_done FROM message \
             WHERE tracker_id = ?1 AND direction = 1 AND status = 0 ORDER BY id LIMIT 4096) \
         WHERE (serial + parts_done - ?2) & ?3 = 0 ORDER BY id LIMIT 1";
    /// Opened by the driver, which is noted once.
    NOTE_OPENED = "UPDATE message SET read_ms = ?2 \
         WHERE id = ?1 AND direction = 1 AND read_ms IS NULL";
    /// Among a tracker's 256 newest outgoing texts, the newest whose last part has the quoted serial; ?3 are the serial's bits.
    SENT_BY_SERIAL = "SELECT max(id) FROM (SELECT id, serial, parts FROM message \
             WHERE tracker_id = ?1 AND direction = 1 ORDER BY submit_ms DESC, id DESC LIMIT 256) \
         WHERE (serial + parts - 1 - ?2) & ?3 = 0";
    MARK_READ = "UPDATE message SET status = 1 WHERE id = ?1 AND direction = 0 AND status = 0";
    MARK_ALL_READ = "UPDATE OR ROLLBACK message SET status = 1 \
         WHERE tracker_id = ?1 AND direction = 0 AND status = 0";

    // ── messages, reading ───────────────────────────────────────────────────────────────────────────────────────────

    PENDING_TEXTS = "SELECT m.id, m.tracker_id, m.text, m.cuts, m.parts_done, m.serial, m.attempts, \
             m.submit_ms \
         FROM json_each(?1) t CROSS JOIN message m ON m.id IN (SELECT i.id FROM message i \
             WHERE i.tracker_id = t.value AND i.direction = 1 AND i.status = 0 \
             AND (i.expires_ms IS NULL OR i.expires_ms > ?3) \
             AND (i.retry_ms IS NULL OR i.retry_ms <= ?3) \
             ORDER BY i.id LIMIT ?2 + 0) \
         ORDER BY m.id";
    DUE_RETRIES = "SELECT DISTINCT tracker_id FROM message \
         WHERE status = 0 AND retry_ms > ?1 AND retry_ms <= ?2 LIMIT 10000";
    LIST_ASCENDING = list!("ASC");
    LIST_DESCENDING = list!("DESC");
    MESSAGES = concat!(
        "SELECT ", message_columns!(), " FROM message WHERE id IN (SELECT value FROM json_each(?1))"
    );
    LAST_SUBMITS = "SELECT value, \
             (SELECT max(submit_ms) FROM message \
                 WHERE tracker_id = value AND direction = 0 AND status = 0), \
             (SELECT max(submit_ms) FROM message \
                 WHERE tracker_id = value AND direction = 0 AND status = 1), \
             (SELECT max(submit_ms) FROM message WHERE tracker_id = value AND direction = 1) \
         FROM json_each(?1)";
    UNREAD_COUNTS = "SELECT tracker_id, count(*) FROM message \
         WHERE tracker_id IN (SELECT value FROM json_each(?1)) AND direction = 0 AND status = 0 \
         GROUP BY tracker_id";
    DELIVERY_RECORD = "SELECT parts, parts_done, attempts, last_error, retry_ms, expires_ms, \
             lossy IS NOT NULL AS lossy, author_id, read_ms \
         FROM message WHERE id = ?1 AND direction = 1";

    // ── device states ───────────────────────────────────────────────────────────────────────────────────────────────

    APPEND_STATES = "INSERT INTO state_journal (states) VALUES (?1)";
    LAST_JOURNAL = "SELECT coalesce(max(seq), 0) FROM state_journal";
    JOURNAL = "SELECT e.value ->> 0, e.value -> 1 \
         FROM state_journal j CROSS JOIN json_each(j.states) e ORDER BY j.seq, e.key";
    DEVICE_STATE = "SELECT state FROM device_state WHERE tracker_id = ?1";
    FOLD_STATE = "INSERT OR ROLLBACK INTO device_state (tracker_id, state) \
         SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM tracker WHERE id = ?1) \
         ON CONFLICT (tracker_id) DO UPDATE SET state = excluded.state";
    TRIM_JOURNAL = "DELETE FROM state_journal WHERE seq <= ?1";
    DEVICE_STATES = "SELECT tracker_id, state FROM device_state \
         WHERE tracker_id IN (SELECT value FROM json_each(?1))";

    // ── refused devices ─────────────────────────────────────────────────────────────────────────────────────────────

    NOTE_STRANGER = "INSERT INTO stranger (protocol, identity, address, reason, count, first_ms, last_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (protocol, identity) DO UPDATE SET address = excluded.address, \
             reason = excluded.reason, count = excluded.count, last_ms = excluded.last_ms, \
             first_ms = min(first_ms, excluded.first_ms)";
    DROP_STRANGERS = "DELETE FROM stranger WHERE (protocol, identity) IN \
         (SELECT protocol, identity FROM stranger ORDER BY last_ms DESC LIMIT -1 OFFSET 1000)";
    STRANGERS = "SELECT protocol, identity, address, reason, count, first_ms, last_ms \
         FROM stranger ORDER BY last_ms DESC, protocol, identity";

    // ── removing a tracker ──────────────────────────────────────────────────────────────────────────────────────────

    DELETE_TRACKER = "DELETE FROM tracker WHERE id = ?1";
    DELETE_STATE = "DELETE FROM device_state WHERE tracker_id = ?1";
    NOTE_REMOVED = "INSERT OR IGNORE INTO removed_tracker (tracker_id) VALUES (?1)";
    RAISE_HIGH_WATER = "UPDATE high_water SET message_id = ?1, submit_ms = ?2";
    DELETE_MESSAGES = "DELETE FROM message WHERE id IN \
         (SELECT id FROM message WHERE tracker_id = ?1 AND direction = 0 \
         UNION ALL SELECT id FROM message WHERE tracker_id = ?1 AND direction = 1 LIMIT 1000)";
    FORGET_REMOVED = "DELETE FROM removed_tracker WHERE tracker_id = ?1";
    REMOVED_TRACKERS = "SELECT tracker_id FROM removed_tracker";

    // ── users and credentials ───────────────────────────────────────────────────────────────────────────────────────

    INSERT_USER = "INSERT INTO user (login, password_hash, title, time_zone, locale, master_id, created_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
    UPDATE_USER = "UPDATE user SET login = coalesce(?2, login), \
             password_hash = coalesce(?3, password_hash), title = coalesce(?4, title), \
             time_zone = coalesce(?5, time_zone), locale = coalesce(?6, locale), \
             blocked = coalesce(?7, blocked) WHERE id = ?1";
    DELETE_USER = "DELETE FROM user WHERE id = ?1";
    USER_IN_USE = "SELECT EXISTS (SELECT 1 FROM tracker WHERE user_id = ?1), \
         EXISTS (SELECT 1 FROM user WHERE master_id = ?1)";
    USER = concat!("SELECT ", user_columns!(), " FROM user WHERE id = ?1");
    BOUND_TRACKERS = "SELECT tracker_id FROM user_tracker WHERE user_id = ?1";
    UNBIND_TRACKERS = "DELETE FROM user_tracker \
         WHERE user_id = ?1 AND tracker_id NOT IN (SELECT value FROM json_each(?2))";
    BIND_TRACKERS = "INSERT OR IGNORE INTO user_tracker (user_id, tracker_id) \
         SELECT ?1, value FROM json_each(?2)";
    END_SESSIONS = "DELETE FROM credential WHERE user_id = ?1 AND used_ms IS NOT NULL";
    INSERT_CREDENTIAL = "INSERT INTO credential (digest, user_id, created_ms, used_ms, title, prefix) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    DELETE_CREDENTIAL = "DELETE FROM credential WHERE digest = ?1";
    TOUCH_SESSION = "UPDATE credential SET used_ms = max(used_ms, ?2) \
         WHERE digest = ?1 AND used_ms IS NOT NULL";
    DELETE_IDLE_SESSIONS = "DELETE FROM credential WHERE used_ms < ?1";

    // ── trackers ────────────────────────────────────────────────────────────────────────────────────────────────────

    TRACKER = concat!("SELECT ", tracker_columns!(), " FROM tracker WHERE id = ?1");
    TAKEN_IDENTITY = "SELECT t.protocol, t.identity, t.id FROM json_each(?1) j CROSS JOIN tracker t \
             ON t.protocol = j.value ->> 0 AND t.identity = j.value ->> 1 LIMIT 1";
    UNKNOWN_USERS = "SELECT EXISTS (SELECT 1 FROM json_each(?1) \
         WHERE value NOT IN (SELECT id FROM user))";
    UNKNOWN_MODELS = "SELECT EXISTS (SELECT 1 FROM json_each(?1) \
         WHERE value NOT IN (SELECT code FROM model))";
    UNKNOWN_TARIFFS = "SELECT EXISTS (SELECT 1 FROM json_each(?1) \
         WHERE value NOT IN (SELECT id FROM tariff))";
    /// A model whose profile is not of the protocol that its tracker speaks; rows of ?1 are [protocol, model].
    MODEL_OF_ANOTHER_PROTOCOL = "SELECT m.code, m.profile, j.value ->> 0 \
         FROM json_each(?1) j CROSS JOIN model m ON m.code = j.value ->> 1 \
         WHERE substr(m.profile, 1, instr(m.profile, '/') - 1) <> j.value ->> 0 LIMIT 1";
    INSERT_TRACKER = "INSERT INTO tracker (user_id, label, protocol, identity, secret, options, \
             model, tariff_id, phone, created_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    UPDATE_TRACKER = "UPDATE tracker SET label = ?2, protocol = ?3, identity = ?4, secret = ?5, \
         options = ?6, model = ?7, tariff_id = ?8, blocked = ?9, phone = ?10 WHERE id = ?1";

    // ── models, tariffs ─────────────────────────────────────────────────────────────────────────────────────────────

    PUT_MODEL = concat!(
        "INSERT INTO model (", model_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, vendor = excluded.vendor, \
             kind = excluded.kind, id_type = excluded.id_type, profile = excluded.profile, \
             chat = excluded.chat"
    );
    MODEL_CODES = "SELECT code FROM model";
    ADD_MODEL = concat!(
        "INSERT OR IGNORE INTO model (", model_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    );
    /// A tracker that has the model and speaks another protocol than its profile.
    TRACKER_OF_ANOTHER_PROTOCOL = "SELECT id, protocol FROM tracker \
         WHERE model = ?1 AND protocol <> ?2 LIMIT 1";
    INSERT_TARIFF = "INSERT INTO tariff (name, features, has_reports) VALUES (?1, ?2, ?3) RETURNING id";
    UPDATE_TARIFF = "UPDATE tariff SET name = ?2, features = ?3, has_reports = ?4 WHERE id = ?1";
    DELETE_TARIFF = "DELETE FROM tariff WHERE id = ?1";

    // ── employees ───────────────────────────────────────────────────────────────────────────────────────────────────

    INSERT_EMPLOYEE = concat!(
        "INSERT INTO employee (user_id, first_name, middle_name, last_name, email, phone, \
         hardware_key, personnel_number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING ",
        employee_columns!()
    );
    UPDATE_EMPLOYEE = concat!(
        "UPDATE employee SET first_name = ?2, middle_name = ?3, last_name = ?4, email = ?5, \
         phone = ?6, hardware_key = ?7, personnel_number = ?8 WHERE id = ?1 RETURNING ",
        employee_columns!()
    );
    DELETE_EMPLOYEE = "DELETE FROM employee WHERE id = ?1";
    ASSIGN = "UPDATE tracker SET employee_id = ?2 WHERE id = ?1";
    INSERT_ASSIGNMENT = "INSERT INTO assignment (tracker_id, employee_id, changed_ms, by_device) \
         VALUES (?1, ?2, ?3, ?4)";
    LAST_ASSIGNMENT = "SELECT employee_id, changed_ms, by_device FROM assignment \
         WHERE tracker_id = ?1 ORDER BY id DESC LIMIT 1";

    // ── reference: everything, or what changed ──────────────────────────────────────────────────────────────────────

    REVISION = "SELECT coalesce((SELECT min(revision) FROM change_log), 0), \
         coalesce((SELECT max(revision) FROM change_log), 0)";
    CHANGES = "SELECT DISTINCT kind, key FROM change_log WHERE revision > ?1";
    PRUNE_LOG = "DELETE FROM change_log \
         WHERE revision <= (SELECT max(revision) FROM change_log) - ?1";
    ALL_USERS = concat!("SELECT ", user_columns!(), " FROM user");
    ALL_BINDINGS = "SELECT user_id, tracker_id FROM user_tracker";
    ALL_CREDENTIALS = "SELECT digest, user_id, created_ms, used_ms, title, prefix FROM credential";
    ALL_TRACKERS = concat!("SELECT ", tracker_columns!(), " FROM tracker");
    ALL_MODELS = concat!("SELECT ", model_columns!(), " FROM model");
    ALL_TARIFFS = "SELECT id, name, features, has_reports FROM tariff";
    ALL_EMPLOYEES = concat!("SELECT ", employee_columns!(), " FROM employee");
    SOME_USERS = concat!(
        "SELECT ", user_columns!(), " FROM user WHERE id IN (SELECT value FROM json_each(?1))"
    );
    SOME_BINDINGS = "SELECT user_id, tracker_id FROM user_tracker \
         WHERE user_id IN (SELECT value FROM json_each(?1))";
    SOME_CREDENTIALS = "SELECT digest, user_id, created_ms, used_ms, title, prefix FROM credential \
         WHERE digest IN (SELECT unhex(value) FROM json_each(?1))";
    SOME_TRACKERS = concat!(
        "SELECT ", tracker_columns!(), " FROM tracker WHERE id IN (SELECT value FROM json_each(?1))"
    );
    SOME_MODELS = concat!(
        "SELECT ", model_columns!(), " FROM model WHERE code IN (SELECT value FROM json_each(?1))"
    );
    SOME_TARIFFS = "SELECT id, name, features, has_reports FROM tariff \
         WHERE id IN (SELECT value FROM json_each(?1))";
    SOME_EMPLOYEES = concat!(
        "SELECT ", employee_columns!(), " FROM employee WHERE id IN (SELECT value FROM json_each(?1))"
    );

    // ── itself ──────────────────────────────────────────────────────────────────────────────────────────────────────

    BEAT = "UPDATE heartbeat SET beats = beats + 1";
    KEEP_SETTING = "INSERT OR IGNORE INTO setting (name, value) VALUES (?1, ?2)";
    SETTING = "SELECT value FROM setting WHERE name = ?1";
}
