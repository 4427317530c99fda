-- What each grant came to, for those who decide about the next one: written when it becomes active, when its end
-- moves, and when it ends.
CREATE TABLE grants (
    person    TEXT    NOT NULL,
    app       TEXT    NOT NULL,
    active_at INTEGER NOT NULL,
    request   INTEGER NOT NULL REFERENCES requests (id),
    role      TEXT    NOT NULL,
    -- The end that was granted, extensions included.
    ends_at   INTEGER NOT NULL,
    -- When it really ended; none while the person has it.
    ended_at  INTEGER,
    -- Given back by the person.
    released  INTEGER NOT NULL,
    -- A credential was issued, and nobody looked at it.
    unseen    INTEGER NOT NULL,
    PRIMARY KEY (person, app, active_at, request)
) STRICT, WITHOUT ROWID;
-- The last column is for SQLite, which else looks each of them up in the table.
CREATE INDEX grants_now ON grants (app, role, person, ended_at) WHERE ended_at IS NULL;

INSERT INTO grants (person, app, active_at, request, role, ends_at, ended_at, released, unseen)
SELECT requester,
       substr(role, 1, instr(role, '/') - 1),
       json_extract(body, '$.times.active_at'),
       id,
       substr(role, instr(role, '/') + 1),
       json_extract(body, '$.times.expires_at'),
       json_extract(body, '$.times.ended_at'),
       coalesce(json_extract(body, '$.state.revoked.cause') = 'released', 0),
       json_extract(body, '$.credential') IS NOT NULL
           AND json_extract(body, '$.credential.revealed_at') IS NULL
FROM requests
WHERE json_extract(body, '$.times.active_at') IS NOT NULL;

-- A card, by where it stands: what is written in its thread belongs to its request.
CREATE INDEX messages_cards ON messages (channel, ts) WHERE view = '"card"';

-- What people write in a card's thread. The audit log has a salted hash alone, so that the words can be taken out.
CREATE TABLE remarks (
    request INTEGER NOT NULL REFERENCES requests (id),
    number  INTEGER NOT NULL,
    -- Slack's id of the message in its channel.
    ts      TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (request, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX remarks_by_ts ON remarks (request, ts);

-- How many were not kept, because there were too many.
CREATE TABLE remarks_left_out (
    request INTEGER PRIMARY KEY REFERENCES requests (id),
    count   INTEGER NOT NULL
) STRICT;
