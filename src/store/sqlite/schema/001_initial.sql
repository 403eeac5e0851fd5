-- Version 1.
--
-- Moments are milliseconds since 1970-01-01 UTC. direction: 0 incoming, 1 outgoing. status: 0 PENDING, 1 DELIVERED.

-- ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- No foreign keys here on purpose: the writer knows which trackers exist, and a message outlives its author and its driver.
CREATE TABLE message (
    id          INTEGER PRIMARY KEY,
    tracker_id  INTEGER NOT NULL,
    direction   INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    submit_ms   INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    -- outgoing
    serial      INTEGER,            -- of the first part
    parts       INTEGER,
    parts_done  INTEGER,
    attempts    INTEGER,
    update_ms   INTEGER,
    author_id   INTEGER,
    lossy       INTEGER,            -- 1, or NULL for no
    cuts        TEXT,               -- JSON array of byte offsets; NULL for one part
    expires_ms  INTEGER,
    retry_ms    INTEGER,
    last_error  TEXT,
    read_ms     INTEGER,            -- when the driver opened it
    -- incoming
    repeat_key  INTEGER,
    employee_id INTEGER,
    device_ms   INTEGER,
    reply_to    INTEGER,
    from_device INTEGER             -- 1, or NULL for no
) STRICT;

-- All end in the row id, as every index does: ids and submit times grow together. Each costs a page of the log for every text,
-- because neighbours in time are strangers there. So a confirmation touches the pending ones only, and a driver's text is in
-- one index, where reading it moves it from the unread to the read ones.
CREATE INDEX message_in ON message (tracker_id, status, submit_ms) WHERE direction = 0;
CREATE INDEX message_out ON message (tracker_id, submit_ms) WHERE direction = 1;
CREATE INDEX message_pending ON message (tracker_id) WHERE direction = 1 AND status = 0;
-- Only texts with a failed attempt are in it.
CREATE INDEX message_retry ON message (retry_ms) WHERE status = 0 AND retry_ms IS NOT NULL;

-- Highest id and submit time among removed messages, so that neither is ever given out again.
CREATE TABLE high_water (
    message_id INTEGER NOT NULL,
    submit_ms  INTEGER NOT NULL
) STRICT;
INSERT INTO high_water VALUES (0, 0);

-- Removed trackers whose messages are still being deleted, piece by piece.
CREATE TABLE removed_tracker (tracker_id INTEGER PRIMARY KEY) STRICT;

-- ── device states ─────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE device_state (
    tracker_id INTEGER PRIMARY KEY,
    state      TEXT NOT NULL        -- JSON object
) STRICT;

-- What has been acknowledged but not folded into device_state yet. One row per transaction. Numbers are not used again, so that one
-- process does not trim a row that another has added.
CREATE TABLE state_journal (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    states TEXT NOT NULL            -- JSON array of [tracker_id, state]
) STRICT;

-- ── administered records ──────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE user (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    login         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    time_zone     TEXT    NOT NULL,
    locale        TEXT    NOT NULL,
    master_id     INTEGER REFERENCES user (id),
    blocked       INTEGER NOT NULL DEFAULT 0,
    created_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX user_by_master ON user (master_id) WHERE master_id IS NOT NULL;

CREATE TABLE credential (
    digest     BLOB    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER,             -- sessions only
    title      TEXT,                -- API keys only
    prefix     TEXT                 -- API keys only
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_by_user ON credential (user_id);
CREATE INDEX credential_by_use ON credential (used_ms) WHERE used_ms IS NOT NULL;

CREATE TABLE model (
    code     TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL,
    vendor   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    id_type  TEXT    NOT NULL,
    profile  TEXT,                  -- built-in profile, protocol/profile; NULL: of no protocol
    chat     INTEGER                -- what the operator says; NULL: what the profile says
) STRICT, WITHOUT ROWID;

CREATE TABLE tariff (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    features    TEXT    NOT NULL,   -- JSON array
    has_reports INTEGER NOT NULL
) STRICT;

CREATE TABLE employee (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id          INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    first_name       TEXT    NOT NULL,
    middle_name      TEXT    NOT NULL,
    last_name        TEXT    NOT NULL,
    email            TEXT    NOT NULL,
    phone            TEXT    NOT NULL,
    hardware_key     TEXT,
    personnel_number TEXT    NOT NULL
) STRICT;
CREATE INDEX employee_by_user ON employee (user_id);

CREATE TABLE tracker (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL REFERENCES user (id),
    label       TEXT    NOT NULL,
    protocol    TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    secret      BLOB,
    options     TEXT    NOT NULL,   -- JSON object
    model       TEXT    NOT NULL REFERENCES model (code),
    tariff_id   INTEGER NOT NULL REFERENCES tariff (id),
    blocked     INTEGER NOT NULL DEFAULT 0,
    group_id    INTEGER NOT NULL DEFAULT 0,
    phone       TEXT,
    created_ms  INTEGER NOT NULL,
    employee_id INTEGER REFERENCES employee (id) ON DELETE SET NULL,
    UNIQUE (protocol, identity)
) STRICT;
CREATE INDEX tracker_by_user ON tracker (user_id);
CREATE INDEX tracker_by_model ON tracker (model);
CREATE INDEX tracker_by_tariff ON tracker (tariff_id);
CREATE INDEX tracker_by_employee ON tracker (employee_id) WHERE employee_id IS NOT NULL;

-- Trackers bound to sub-users.
CREATE TABLE user_tracker (
    user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    tracker_id INTEGER NOT NULL REFERENCES tracker (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, tracker_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_tracker_by_tracker ON user_tracker (tracker_id);

CREATE TABLE assignment (
    id          INTEGER PRIMARY KEY,
    tracker_id  INTEGER NOT NULL REFERENCES tracker (id) ON DELETE CASCADE,
    employee_id INTEGER REFERENCES employee (id) ON DELETE SET NULL,
    changed_ms  INTEGER NOT NULL,
    by_device   INTEGER NOT NULL
) STRICT;
CREATE INDEX assignment_by_tracker ON assignment (tracker_id);
CREATE INDEX assignment_by_employee ON assignment (employee_id) WHERE employee_id IS NOT NULL;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that were refused lately.
CREATE TABLE stranger (
    protocol TEXT    NOT NULL,
    identity TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    PRIMARY KEY (protocol, identity)
) STRICT, WITHOUT ROWID;

-- Written to find out whether the disk takes writes.
CREATE TABLE heartbeat (beats INTEGER NOT NULL) STRICT;
INSERT INTO heartbeat VALUES (0);

-- ── change log ────────────────────────────────────────────────────────────────────────────────────────────────────

-- Which administered records changed, in order, whoever changed them. Uses of sessions are not changes.
CREATE TABLE change_log (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL          -- id, model code, or digest in hexadecimal
) STRICT;

CREATE TRIGGER user_added AFTER INSERT ON user BEGIN
    INSERT INTO change_log (kind, key) VALUES ('user', NEW.id);
END;
CREATE TRIGGER user_changed AFTER UPDATE ON user BEGIN
    INSERT INTO change_log (kind, key) VALUES ('user', NEW.id);
END;
CREATE TRIGGER user_removed AFTER DELETE ON user BEGIN
    INSERT INTO change_log (kind, key) VALUES ('user', OLD.id);
END;
CREATE TRIGGER user_tracker_added AFTER INSERT ON user_tracker BEGIN
    INSERT INTO change_log (kind, key) VALUES ('user', NEW.user_id);
END;
CREATE TRIGGER user_tracker_removed AFTER DELETE ON user_tracker BEGIN
    INSERT INTO change_log (kind, key) VALUES ('user', OLD.user_id);
END;

CREATE TRIGGER credential_added AFTER INSERT ON credential BEGIN
    INSERT INTO change_log (kind, key) VALUES ('credential', lower(hex(NEW.digest)));
END;
CREATE TRIGGER credential_removed AFTER DELETE ON credential BEGIN
    INSERT INTO change_log (kind, key) VALUES ('credential', lower(hex(OLD.digest)));
END;

CREATE TRIGGER model_added AFTER INSERT ON model BEGIN
    INSERT INTO change_log (kind, key) VALUES ('model', NEW.code);
END;
CREATE TRIGGER model_changed AFTER UPDATE ON model BEGIN
    INSERT INTO change_log (kind, key) VALUES ('model', NEW.code);
END;
CREATE TRIGGER model_removed AFTER DELETE ON model BEGIN
    INSERT INTO change_log (kind, key) VALUES ('model', OLD.code);
END;

CREATE TRIGGER tariff_added AFTER INSERT ON tariff BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tariff', NEW.id);
END;
CREATE TRIGGER tariff_changed AFTER UPDATE ON tariff BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tariff', NEW.id);
END;
CREATE TRIGGER tariff_removed AFTER DELETE ON tariff BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tariff', OLD.id);
END;

CREATE TRIGGER employee_added AFTER INSERT ON employee BEGIN
    INSERT INTO change_log (kind, key) VALUES ('employee', NEW.id);
END;
CREATE TRIGGER employee_changed AFTER UPDATE ON employee BEGIN
    INSERT INTO change_log (kind, key) VALUES ('employee', NEW.id);
END;
CREATE TRIGGER employee_removed AFTER DELETE ON employee BEGIN
    INSERT INTO change_log (kind, key) VALUES ('employee', OLD.id);
END;

CREATE TRIGGER tracker_added AFTER INSERT ON tracker BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tracker', NEW.id);
END;
CREATE TRIGGER tracker_changed AFTER UPDATE ON tracker BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tracker', NEW.id);
END;
CREATE TRIGGER tracker_removed AFTER DELETE ON tracker BEGIN
    INSERT INTO change_log (kind, key) VALUES ('tracker', OLD.id);
END;

-- ── what every installation starts with ───────────────────────────────────────────────────────────────────────────

INSERT INTO tariff (name, features, has_reports) VALUES ('Default', '["chat"]', 1);
