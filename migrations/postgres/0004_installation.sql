-- Tells this database apart from all others. What its processes share elsewhere has this name in
-- its own, so that no two databases are taken for one.
CREATE TABLE installation (
    only_one boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_one),
    id       uuid NOT NULL
);

INSERT INTO installation (id) VALUES (gen_random_uuid());
