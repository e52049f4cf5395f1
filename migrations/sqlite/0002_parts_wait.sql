-- What a part of a job waits for, and until when. A job waits for what the first of its parts to go
-- on waits for.
ALTER TABLE job_parts ADD COLUMN held_up TEXT;
ALTER TABLE job_parts ADD COLUMN next_attempt_at INTEGER;
