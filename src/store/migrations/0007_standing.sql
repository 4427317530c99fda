-- Access that a grant found standing when it began: whoever has it, has it outside of Jitney. The newest look counts.
CREATE TABLE standing (
    person  TEXT    NOT NULL,
    role    TEXT    NOT NULL,
    request INTEGER NOT NULL REFERENCES requests (id),
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (person, role)
) STRICT, WITHOUT ROWID;
