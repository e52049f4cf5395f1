-- What a vendor is known to hold otherwise than decided, which nobody has to ask for to be set right.
CREATE INDEX sync_unlike ON sync (company_id, connection_id)
    WHERE applied_rev = 0 AND confirmed_at IS NOT NULL AND parked_rev IS NULL;
