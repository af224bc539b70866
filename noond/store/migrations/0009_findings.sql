-- What is wrong and needs a person. schema.sql explains.
CREATE TABLE findings (
    id           TEXT PRIMARY KEY,
    user_id      TEXT REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    title        TEXT NOT NULL,
    detail       TEXT NOT NULL,
    count        INTEGER NOT NULL,
    opened_at    INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    closed_at    INTEGER,
    expires_at   INTEGER,
    announced_at INTEGER NOT NULL,
    changes      INTEGER NOT NULL,
    told_open    INTEGER NOT NULL
);

CREATE UNIQUE INDEX findings_open ON findings (coalesce(user_id, ''), kind, subject)
    WHERE closed_at IS NULL;

CREATE INDEX findings_by_user ON findings (user_id, id);

CREATE INDEX findings_by_end ON findings (kind, subject, closed_at) WHERE closed_at IS NOT NULL;
