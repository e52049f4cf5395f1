-- The share of the vendor's limits, in percent, that is left to whoever else calls the account.
ALTER TABLE connections ADD COLUMN reserve_percent bigint NOT NULL DEFAULT 0;
