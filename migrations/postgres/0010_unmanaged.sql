-- Whether a tombstone leaves what the vendor holds where it is.
ALTER TABLE resource_versions ADD COLUMN unmanaged boolean NOT NULL DEFAULT false;
