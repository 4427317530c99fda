-- The policies that were last in force: what changed while nobody looked is told by them.
CREATE TABLE policies_seen (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    digest  TEXT NOT NULL,
    -- The files by name and text, as JSON; none when they are too long to be kept.
    files   TEXT,
    -- What was refused last and stands there still, so that it is recorded once.
    refused TEXT
) STRICT;
