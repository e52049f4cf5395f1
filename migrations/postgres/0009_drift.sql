-- What others change at the vendors.

-- What is known of that for a resource, as JSON.
ALTER TABLE sync ADD COLUMN outside TEXT;

-- When a connection is looked at next, and how the last look went, as JSON.
CREATE TABLE scans (
    company_id    TEXT    NOT NULL,
    connection_id TEXT    NOT NULL,
    next_at       BIGINT NOT NULL,
    -- Whether somebody asked for it.
    asked         BOOLEAN NOT NULL,
    state         TEXT    NOT NULL,
    PRIMARY KEY (company_id, connection_id)
);

CREATE INDEX scans_by_time ON scans (next_at);

-- What it held then, as JSON.
CREATE TABLE observations (
    company_id    TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    body          TEXT NOT NULL,
    PRIMARY KEY (company_id, connection_id)
);

-- The inbox. The item is JSON; the other columns are an index of it.
CREATE TABLE drift_items (
    company_id    TEXT    NOT NULL,
    item_id       BIGINT NOT NULL,
    connection_id TEXT    NOT NULL,
    seq           BIGINT NOT NULL,
    state         TEXT    NOT NULL,
    seen_at       BIGINT NOT NULL,
    item          TEXT    NOT NULL,
    PRIMARY KEY (company_id, item_id)
);

CREATE UNIQUE INDEX drift_items_by_seq ON drift_items (company_id, seq);
CREATE INDEX drift_items_live ON drift_items (company_id, connection_id, seen_at)
    WHERE state IN ('open', 'reverting', 'ignored', 'reverted', 'cleared');

-- What is done about it; the target is a text, and `pause` for a while in which nothing is.
CREATE TABLE policies (
    company_id TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    mode       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    until      BIGINT,
    PRIMARY KEY (company_id, target)
);

-- What was imported.
CREATE TABLE imported (
    company_id  TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (company_id, resource_id)
);
