-- What sources of people and their facts told last: good until it is too old, also after a start.
CREATE TABLE sources (
    name  TEXT    PRIMARY KEY,
    -- Of when it is.
    as_of INTEGER NOT NULL,
    -- The state of it: what is told anew is the same while this is.
    mark  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The facts, cut into parts by whose they are, so that a change of one person writes one part.
CREATE TABLE source_facts (
    source TEXT    NOT NULL REFERENCES sources (name),
    part   INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    facts  TEXT    NOT NULL,
    PRIMARY KEY (source, part)
) STRICT;

-- People whose facts changed, and whose requests were not judged again yet.
CREATE TABLE moved (
    person TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
