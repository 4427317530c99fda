-- A start asks which targets are in use: so the targets come first, and holds of one grant alone are in it too.
DROP INDEX step_keys_shared;
CREATE INDEX step_keys_by_target ON step_keys (target, person, key);
