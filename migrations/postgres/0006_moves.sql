-- Names at the vendor that are not the decided ones (yet), and long work that goes record by record.

-- Removed names may be taken by others: only one of those that there are has a name.
DROP INDEX resource_versions_latest;
CREATE INDEX resource_versions_latest ON resource_versions (company_id, kind, name)
    WHERE to_rev IS NULL;
CREATE UNIQUE INDEX resource_versions_there ON resource_versions (company_id, kind, name)
    WHERE to_rev IS NULL AND spec IS NOT NULL;

-- Whether values that records hold may be lost by it.
ALTER TABLE resource_versions ADD COLUMN allows_loss BOOLEAN NOT NULL DEFAULT false;

-- The name that a row is about, where it is not the decided one; the names before that, and how far
-- long work is, as JSON.
ALTER TABLE sync ADD COLUMN vendor_key TEXT;
ALTER TABLE sync ADD COLUMN trail TEXT;
ALTER TABLE sync ADD COLUMN checkpoint TEXT;

CREATE INDEX sync_holding ON sync (company_id, connection_id)
    WHERE trail IS NOT NULL OR parked_rev IS NOT NULL;

-- Whether the default value is to be filled in on records that have none.
ALTER TABLE job_items ADD COLUMN fills BOOLEAN NOT NULL DEFAULT false;

-- Long work of a part, by resource, as JSON.
ALTER TABLE job_parts ADD COLUMN work TEXT;
