-- How many cadences the company has. `field_bytes` counts the texts of all that it decides.
ALTER TABLE companies ADD COLUMN cadence_count bigint NOT NULL DEFAULT 0;
