-- Times are milliseconds since 1970-01-01 UTC. Ids are the numbers behind R1042. What queries look for is a
-- column of its own; the rest of a request is its JSON body.

CREATE TABLE instance (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    id           TEXT    NOT NULL,
    last_now     INTEGER NOT NULL,
    next_request INTEGER NOT NULL,
    -- Tells the key that seals credentials, so that another is noticed at start.
    key_id       TEXT
) STRICT;

-- What an input was answered, so that a duplicate is answered the same.
CREATE TABLE answers (
    key    TEXT    PRIMARY KEY,
    answer TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);

CREATE TABLE requests (
    id            INTEGER PRIMARY KEY,
    revision      INTEGER NOT NULL,
    requester     TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    held          INTEGER NOT NULL,
    -- What only one open request may have; taken at submission, given back when it is no longer open. A grant
    -- that reappears after it was closed takes no slot: its revocation must never be refused.
    slot          TEXT,
    -- The timer. None when nothing will happen by itself.
    due_at        INTEGER,
    -- Of the timer: 0 revocations under way, 1 access that may have to end, 2 everything else.
    urgency       INTEGER NOT NULL,
    parent        INTEGER REFERENCES requests (id),
    review_due_at INTEGER,
    -- The form of the body.
    v             INTEGER NOT NULL,
    body          TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX requests_slot ON requests (slot) WHERE slot IS NOT NULL;
CREATE INDEX requests_due ON requests (urgency, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_by_person ON requests (requester, state);
CREATE INDEX requests_by_state ON requests (state);
CREATE INDEX requests_by_parent ON requests (parent, state) WHERE parent IS NOT NULL;
CREATE INDEX requests_to_review ON requests (requester, review_due_at) WHERE review_due_at IS NOT NULL;

-- A grant's hold on an entitlement: derived from the request at each write, while the hold matters to others.
CREATE TABLE step_keys (
    request     INTEGER NOT NULL REFERENCES requests (id),
    step        INTEGER NOT NULL,
    target      TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    shared      INTEGER NOT NULL,
    live        INTEGER NOT NULL,
    ours        INTEGER NOT NULL,
    closing     INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    quiet_until INTEGER,
    PRIMARY KEY (request, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX step_keys_shared ON step_keys (person, target, key) WHERE shared = 1;
CREATE INDEX step_keys_live ON step_keys (person) WHERE live = 1;

CREATE TABLE lockdowns (
    cause  INTEGER NOT NULL REFERENCES requests (id),
    target TEXT    NOT NULL,
    person TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (cause, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX lockdowns_by_person ON lockdowns (person, target);

-- A request's story; `comment` once it stands on the ticket.
CREATE TABLE entries (
    request INTEGER NOT NULL REFERENCES requests (id),
    number  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    comment TEXT,
    PRIMARY KEY (request, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tickets (
    request INTEGER PRIMARY KEY REFERENCES requests (id),
    issue   TEXT,
    status  TEXT
) STRICT;

CREATE TABLE messages (
    request INTEGER NOT NULL REFERENCES requests (id),
    view    TEXT    NOT NULL,
    channel TEXT    NOT NULL,
    ts      TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    PRIMARY KEY (request, view)
) STRICT, WITHOUT ROWID;

-- Sealed before it comes here; overwritten when it is erased (secure_delete).
CREATE TABLE secrets (
    request INTEGER PRIMARY KEY REFERENCES requests (id),
    sealed  BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

-- What is owed to the outside. A row is never used twice, so that a late completion can't settle another.
CREATE TABLE outbox (
    row        INTEGER PRIMARY KEY AUTOINCREMENT,
    request    INTEGER NOT NULL REFERENCES requests (id),
    what       TEXT    NOT NULL CHECK (what IN ('target', 'show', 'ticket')),
    -- Rows of one lane are done one at a time.
    lane       TEXT    NOT NULL,
    -- Whether it may go now as far as its lane is concerned: always for calls to targets, the oldest alone else.
    at_head    INTEGER NOT NULL,
    -- 0 revocations, 1 other calls to targets, 2 Slack and Jira.
    urgency    INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    -- Calls to targets.
    target     TEXT,
    effect     INTEGER,
    step       INTEGER,
    op         TEXT,
    native_expiry INTEGER,
    -- Slack messages.
    view       TEXT,
    -- Slack messages and tickets: the newest revision of the request that they should say.
    wanted     INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (urgency, not_before) WHERE at_head = 1;
CREATE UNIQUE INDEX outbox_calls ON outbox (request, effect) WHERE what = 'target';
CREATE UNIQUE INDEX outbox_messages ON outbox (request, view) WHERE what = 'show';
CREATE UNIQUE INDEX outbox_tickets ON outbox (request) WHERE what = 'ticket';
CREATE INDEX outbox_lanes ON outbox (lane) WHERE what = 'show';

-- The tamper-evident log: see the `audit` module. Nothing here is ever changed or taken away.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    request INTEGER,
    body    TEXT    NOT NULL,
    prev    BLOB    NOT NULL,
    hash    BLOB    NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE (ABORT, 'audit records are never changed');
END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit BEGIN
    SELECT RAISE (ABORT, 'audit records are never removed');
END;
