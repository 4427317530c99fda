-- Whose review is owed, the earliest due first.
CREATE INDEX reviews_by_due ON requests (review_due_at, id) WHERE review_due_at IS NOT NULL;

-- A review that was owed before reviewers were reminded is asked for when it is due, at the latest.
UPDATE requests SET due_at = review_due_at
    WHERE review_due_at IS NOT NULL AND (due_at IS NULL OR due_at > review_due_at);
