-- Whether a tombstone leaves what the vendor holds where it is.
ALTER TABLE resource_versions ADD COLUMN unmanaged boolean NOT NULL DEFAULT false;

-- What stands in the inbox is counted.
CREATE INDEX drift_items_open ON drift_items (company_id) WHERE state = 'open';
