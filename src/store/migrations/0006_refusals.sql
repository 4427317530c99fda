-- What was refused, by the request that it was about or by the person who asked for something new: from the audit log
-- itself, so that nothing is kept twice.
CREATE INDEX audit_refused_of ON audit (request, seq) WHERE kind = 'refused' AND request IS NOT NULL;
CREATE INDEX audit_refused_asks ON audit (json_extract(body, '$.actor.person.id'), seq)
    WHERE kind = 'refused' AND request IS NULL;
