-- Who asked, when it was somebody else than the requester: their open requests are counted, too.
ALTER TABLE requests ADD COLUMN asked_by TEXT;
CREATE INDEX requests_by_asker ON requests (asked_by, state) WHERE asked_by IS NOT NULL;
