-- Slack accounts that were bound to people by their confirmed e-mail address. One of each: never a second account.
CREATE TABLE bindings (
    account TEXT    PRIMARY KEY,
    person  TEXT    NOT NULL UNIQUE,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
