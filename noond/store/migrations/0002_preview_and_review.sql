-- Dry runs and their proposals, undoing a run, and what people decided. schema.sql explains.
ALTER TABLE runs ADD COLUMN mode TEXT NOT NULL DEFAULT 'full'
    CHECK (mode IN ('full', 'dry_run', 'estimate'));

ALTER TABLE runs ADD COLUMN estimate TEXT;

ALTER TABLE runs ADD COLUMN applied_at INTEGER;

ALTER TABLE runs ADD COLUMN reverted_at INTEGER;

ALTER TABLE records ADD COLUMN reverted_at INTEGER;

CREATE TABLE proposed_files (
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    run_id      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    extractor   TEXT NOT NULL,
    origin_path TEXT NOT NULL,
    PRIMARY KEY (run_id, path)
) WITHOUT ROWID;

CREATE TABLE proposals (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    run_id      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    table_name  TEXT NOT NULL,
    data        TEXT NOT NULL,
    path        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    quote       TEXT NOT NULL,
    span_start  INTEGER NOT NULL,
    span_end    INTEGER NOT NULL,
    extractor   TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    novelty     TEXT NOT NULL CHECK (novelty IN ('new', 'known', 'rejected')),
    created_at  INTEGER NOT NULL,
    UNIQUE (run_id, fingerprint)
);

CREATE TABLE reviews (
    delivery_id TEXT PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL,
    agent_id    TEXT NOT NULL,
    decision    TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'edited')),
    data        TEXT,
    decided_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX reviews_by_agent ON reviews (agent_id, decided_at);

CREATE TABLE retractions (
    id          TEXT PRIMARY KEY,
    delivery_id TEXT NOT NULL UNIQUE REFERENCES deliveries (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL,
    device_id   TEXT NOT NULL,
    run_id      TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('pending', 'deleted', 'kept', 'failed')),
    unanswered_sends INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    created_at  INTEGER NOT NULL,
    settled_at  INTEGER
);

CREATE INDEX retractions_pending ON retractions (user_id, device_id, id) WHERE status = 'pending';

CREATE INDEX retractions_by_run ON retractions (run_id, status);
