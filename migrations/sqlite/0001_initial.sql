-- Times are microseconds since 1970-01-01T00:00:00Z. Everything is keyed by company first, and
-- nothing refers to another company's rows.

CREATE TABLE companies (
    company_id   TEXT    NOT NULL PRIMARY KEY,
    display_name TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    head_hash    BLOB    NOT NULL,
    field_count  INTEGER NOT NULL,
    field_bytes  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The audit log. The record is the truth; the other columns are an index of it.
CREATE TABLE revisions (
    company_id  TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    request_id  TEXT,
    fingerprint BLOB    NOT NULL,
    record      BLOB    NOT NULL,
    prev_hash   BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (company_id, revision)
) STRICT;

CREATE UNIQUE INDEX revisions_by_request ON revisions (company_id, request_id)
    WHERE request_id IS NOT NULL;

CREATE TRIGGER revisions_are_not_changed BEFORE UPDATE ON revisions
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER revisions_are_not_deleted BEFORE DELETE ON revisions
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- What was decided, from one revision up to, not including, another. A version without a spec is a
-- tombstone. The one without an end is the latest.
CREATE TABLE resource_versions (
    company_id  TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    from_rev    INTEGER NOT NULL,
    to_rev      INTEGER,
    spec        BLOB,
    PRIMARY KEY (company_id, resource_id, from_rev)
) STRICT;

CREATE UNIQUE INDEX resource_versions_latest ON resource_versions (company_id, kind, name)
    WHERE to_rev IS NULL;

CREATE UNIQUE INDEX resource_versions_latest_by_id ON resource_versions (company_id, resource_id)
    WHERE to_rev IS NULL;

CREATE TABLE connections (
    company_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    vendor        TEXT    NOT NULL,
    base_url      TEXT    NOT NULL,
    account_id    TEXT    NOT NULL,
    burst_per_10s INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    credential_id TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (company_id, connection_id)
) STRICT;

CREATE UNIQUE INDEX connections_in_use ON connections (company_id, vendor)
    WHERE status = 'connected';

-- One account belongs to one company.
CREATE UNIQUE INDEX connections_by_account ON connections (vendor, base_url, account_id)
    WHERE status = 'connected';

-- Where the vendor stands with a resource. Attributes, problems and calls in doubt are JSON.
CREATE TABLE sync (
    company_id      TEXT    NOT NULL,
    connection_id   TEXT    NOT NULL,
    resource_id     TEXT    NOT NULL,
    applied         TEXT,
    applied_rev     INTEGER NOT NULL,
    previous        TEXT,
    confirmed_at    INTEGER,
    in_doubt        TEXT,
    parked_rev      INTEGER,
    parked_problem  TEXT,
    failing_since   INTEGER,
    failing_count   INTEGER,
    next_attempt_at INTEGER,
    PRIMARY KEY (company_id, connection_id, resource_id)
) STRICT;

CREATE INDEX sync_in_doubt ON sync (company_id, connection_id, resource_id)
    WHERE in_doubt IS NOT NULL;

CREATE TABLE leases (
    company_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    holder        TEXT    NOT NULL,
    epoch         INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    released      INTEGER NOT NULL,
    "window"      TEXT,
    gate_until    INTEGER,
    gate_problem  TEXT,
    PRIMARY KEY (company_id, connection_id)
) STRICT, WITHOUT ROWID;

-- The job of a revision. `held_up` says what it waits for, `refused` what was refused in it.
CREATE TABLE jobs (
    company_id      TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    next_attempt_at INTEGER,
    held_up         TEXT,
    refused         TEXT,
    created_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    last_seq        INTEGER NOT NULL,
    PRIMARY KEY (company_id, revision)
) STRICT, WITHOUT ROWID;

-- The part of a job at one vendor, with how many of its items stand where. Those that are in none
-- of the three counts are pending.
CREATE TABLE job_parts (
    company_id TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    vendor     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    total      INTEGER NOT NULL,
    done       INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    cancelled  INTEGER NOT NULL,
    unit       TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    PRIMARY KEY (company_id, revision, vendor)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_parts_open ON job_parts (company_id, vendor, revision)
    WHERE state IN ('queued', 'running', 'waiting');

-- The resources that a job is about.
CREATE TABLE job_items (
    company_id  TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    vendor      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    PRIMARY KEY (company_id, revision, vendor, resource_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_items_unsettled ON job_items (company_id, vendor, resource_id, revision, state)
    WHERE state IN ('pending', 'failed');

CREATE TABLE job_events (
    company_id      TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    done            INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    unit            TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    next_attempt_at INTEGER,
    at              INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    request_id      TEXT,
    fingerprint     BLOB,
    PRIMARY KEY (company_id, revision, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX job_events_by_request ON job_events (company_id, revision, request_id)
    WHERE request_id IS NOT NULL;
