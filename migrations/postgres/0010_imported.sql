-- What a tombstone leaves at the vendor: nothing, what was imported, or all.
ALTER TABLE resource_versions ADD COLUMN leaves text NOT NULL DEFAULT 'nothing';

-- What was imported is known where it was.
UPDATE sync SET outside = (coalesce(outside, '{}')::jsonb || '{"imported": true}')::text
WHERE applied IS NOT NULL AND EXISTS (
    SELECT 1 FROM imported AS i
    WHERE i.company_id = sync.company_id AND i.resource_id = sync.resource_id);
DROP TABLE imported;

-- What stands in the inbox is counted.
CREATE INDEX drift_items_open ON drift_items (company_id) WHERE state = 'open';
