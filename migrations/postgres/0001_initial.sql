-- Times are microseconds since 1970-01-01T00:00:00Z. Everything is keyed by company first, and
-- nothing refers to another company's rows. Names and ids are compared byte by byte, whatever the
-- locale of the database. Rows that are changed often leave room in their pages, so that a change
-- touches no index.

CREATE TABLE companies (
    company_id   text COLLATE "C" NOT NULL PRIMARY KEY,
    display_name text NOT NULL,
    revision     bigint NOT NULL,
    head_hash    bytea NOT NULL,
    field_count  bigint NOT NULL,
    field_bytes  bigint NOT NULL,
    created_at   bigint NOT NULL
) WITH (fillfactor = 70);

-- The audit log. The record is the truth; the other columns are an index of it.
CREATE TABLE revisions (
    company_id  text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    action      text NOT NULL,
    request_id  text COLLATE "C",
    fingerprint bytea NOT NULL,
    record      bytea NOT NULL,
    prev_hash   bytea NOT NULL,
    hash        bytea NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (company_id, revision)
);

CREATE UNIQUE INDEX revisions_by_request ON revisions (company_id, request_id)
    WHERE request_id IS NOT NULL;

CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER revisions_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();

-- What was decided, from one revision up to, not including, another. A version without a spec is a
-- tombstone. The one without an end is the latest.
CREATE TABLE resource_versions (
    company_id  text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    from_rev    bigint NOT NULL,
    to_rev      bigint,
    spec        bytea,
    PRIMARY KEY (company_id, resource_id, from_rev)
);

CREATE UNIQUE INDEX resource_versions_latest ON resource_versions (company_id, kind, name)
    WHERE to_rev IS NULL;

CREATE UNIQUE INDEX resource_versions_latest_by_id ON resource_versions (company_id, resource_id)
    WHERE to_rev IS NULL;

CREATE TABLE connections (
    company_id    text COLLATE "C" NOT NULL,
    connection_id text COLLATE "C" NOT NULL,
    vendor        text COLLATE "C" NOT NULL,
    base_url      text NOT NULL,
    account_id    text NOT NULL,
    burst_per_10s bigint NOT NULL,
    status        text COLLATE "C" NOT NULL,
    credential_id text NOT NULL,
    sealed        bytea NOT NULL,
    PRIMARY KEY (company_id, connection_id)
);

CREATE UNIQUE INDEX connections_in_use ON connections (company_id, vendor)
    WHERE status = 'connected';

-- One account belongs to one company.
CREATE UNIQUE INDEX connections_by_account ON connections (vendor, base_url, account_id)
    WHERE status = 'connected';

-- Where the vendor stands with a resource. Attributes, problems and calls in doubt are JSON.
CREATE TABLE sync (
    company_id      text COLLATE "C" NOT NULL,
    connection_id   text COLLATE "C" NOT NULL,
    resource_id     text COLLATE "C" NOT NULL,
    applied         text,
    applied_rev     bigint NOT NULL,
    previous        text,
    confirmed_at    bigint,
    in_doubt        text,
    parked_rev      bigint,
    parked_problem  text,
    failing_since   bigint,
    failing_count   bigint,
    next_attempt_at bigint,
    PRIMARY KEY (company_id, connection_id, resource_id)
);

CREATE INDEX sync_in_doubt ON sync (company_id, connection_id, resource_id)
    WHERE in_doubt IS NOT NULL;

CREATE TABLE leases (
    company_id    text COLLATE "C" NOT NULL,
    connection_id text COLLATE "C" NOT NULL,
    holder        text NOT NULL,
    epoch         bigint NOT NULL,
    expires_at    bigint NOT NULL,
    released      boolean NOT NULL,
    "window"      text,
    gate_until    bigint,
    gate_problem  text,
    PRIMARY KEY (company_id, connection_id)
) WITH (fillfactor = 70);

-- The job of a revision. `held_up` says what it waits for, `refused` what was refused in it.
CREATE TABLE jobs (
    company_id      text COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    state           text COLLATE "C" NOT NULL,
    attempt         bigint NOT NULL,
    next_attempt_at bigint,
    held_up         text,
    refused         text,
    created_at      bigint NOT NULL,
    ended_at        bigint,
    last_seq        bigint NOT NULL,
    PRIMARY KEY (company_id, revision)
) WITH (fillfactor = 80);

-- The part of a job at one vendor, with how many of its items stand where. Those that are in none
-- of the three counts are pending.
CREATE TABLE job_parts (
    company_id text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    vendor     text COLLATE "C" NOT NULL,
    state      text COLLATE "C" NOT NULL,
    total      bigint NOT NULL,
    done       bigint NOT NULL,
    failed     bigint NOT NULL,
    cancelled  bigint NOT NULL,
    unit       text NOT NULL,
    message    text NOT NULL,
    PRIMARY KEY (company_id, revision, vendor)
);

CREATE INDEX job_parts_open ON job_parts (company_id, vendor, revision)
    WHERE state IN ('queued', 'running', 'waiting');

-- The resources that a job is about.
CREATE TABLE job_items (
    company_id  text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    vendor      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, revision, vendor, resource_id)
);

CREATE INDEX job_items_unsettled ON job_items (company_id, vendor, resource_id, revision, state)
    WHERE state IN ('pending', 'failed');

CREATE TABLE job_events (
    company_id      text COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    seq             bigint NOT NULL,
    state           text COLLATE "C" NOT NULL,
    done            bigint NOT NULL,
    total           bigint NOT NULL,
    unit            text NOT NULL,
    message         text NOT NULL,
    attempt         bigint NOT NULL,
    next_attempt_at bigint,
    at              bigint NOT NULL,
    actor           text NOT NULL,
    reason          text NOT NULL,
    request_id      text COLLATE "C",
    fingerprint     bytea,
    PRIMARY KEY (company_id, revision, seq)
);

CREATE UNIQUE INDEX job_events_by_request ON job_events (company_id, revision, request_id)
    WHERE request_id IS NOT NULL;
