-- The group of the directory that a step puts somebody into: while a grant holds it, that membership approves nothing.
ALTER TABLE step_keys ADD COLUMN gives_group TEXT;
CREATE INDEX step_keys_borrowed ON step_keys (gives_group, person) WHERE gives_group IS NOT NULL;
