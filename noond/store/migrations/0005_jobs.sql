-- Jobs with retries, keys, deadlines, chains, batches and schedules. schema.sql explains.
ALTER TABLE jobs ADD COLUMN hold INTEGER NOT NULL DEFAULT 0 CHECK (hold BETWEEN 0 AND 3);

ALTER TABLE jobs ADD COLUMN concurrency_limit INTEGER NOT NULL DEFAULT 1
    CHECK (concurrency_limit >= 1);

ALTER TABLE jobs ADD COLUMN rate_key TEXT;

ALTER TABLE jobs ADD COLUMN unique_key TEXT;

ALTER TABLE jobs ADD COLUMN retry_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE jobs ADD COLUMN max_retries INTEGER NOT NULL DEFAULT 3;

ALTER TABLE jobs ADD COLUMN deadline_at INTEGER;

ALTER TABLE jobs ADD COLUMN cancel_requested_at INTEGER;

ALTER TABLE jobs ADD COLUMN reason TEXT;

ALTER TABLE jobs ADD COLUMN parent_id TEXT;

ALTER TABLE jobs ADD COLUMN batch_id TEXT;

ALTER TABLE jobs ADD COLUMN next_jobs TEXT;

-- The first claim looks which of them are due. A run decides by itself what is tried again.
UPDATE jobs SET hold = 1 WHERE status = 'pending';

UPDATE jobs SET max_retries = 0 WHERE job_type = 'agent_run';

UPDATE jobs SET reason = 'error' WHERE status = 'failed';

DROP INDEX jobs_ready;

DROP INDEX jobs_due;

DROP INDEX jobs_finished;

CREATE INDEX jobs_ready ON jobs (queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 0;

CREATE INDEX jobs_later ON jobs (scheduled_at) WHERE status = 'pending' AND hold = 1;

CREATE INDEX jobs_key_held
    ON jobs (concurrency_key, queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 2;

CREATE INDEX jobs_rate_held
    ON jobs (rate_key, queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 3;

CREATE INDEX jobs_lonely ON jobs (id) WHERE status = 'running' AND crashes >= 3;

CREATE INDEX jobs_deadline ON jobs (deadline_at)
    WHERE status = 'pending' AND deadline_at IS NOT NULL;

CREATE INDEX jobs_finished ON jobs (job_type, status, completed_at)
    WHERE status IN ('completed', 'failed', 'cancelled');

CREATE UNIQUE INDEX jobs_unique ON jobs (user_id, job_type, unique_key)
    WHERE unique_key IS NOT NULL AND status IN ('pending', 'running');

CREATE INDEX jobs_quarantined ON jobs (completed_at) WHERE status = 'failed' AND reason = 'crashed';

CREATE INDEX jobs_children ON jobs (parent_id) WHERE parent_id IS NOT NULL;

CREATE INDEX jobs_by_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX jobs_by_user ON jobs (user_id, id);

CREATE TABLE job_attempts (
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt    INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    error      TEXT NOT NULL,
    next_at    INTEGER,
    PRIMARY KEY (job_id, attempt)
) WITHOUT ROWID;

CREATE TABLE job_states (
    job_id        TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    progress      INTEGER,
    message       TEXT,
    progress_at   INTEGER,
    checkpoint    TEXT,
    checkpoint_at INTEGER
) WITHOUT ROWID;

CREATE TABLE job_steps (
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, name)
) WITHOUT ROWID;

CREATE TABLE job_results (
    job_id     TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE INDEX job_results_by_age ON job_results (created_at) WHERE result <> '';

CREATE TABLE job_batches (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    total           INTEGER NOT NULL,
    pending         INTEGER NOT NULL,
    failed          INTEGER NOT NULL DEFAULT 0,
    cancelled       INTEGER NOT NULL DEFAULT 0,
    callback        TEXT,
    callback_job_id TEXT,
    created_at      INTEGER NOT NULL,
    completed_at    INTEGER
);

CREATE INDEX job_batches_by_user ON job_batches (user_id, id);

CREATE INDEX job_batches_by_end ON job_batches (completed_at) WHERE completed_at IS NOT NULL;

CREATE TABLE job_queues (
    queue       TEXT PRIMARY KEY,
    paused_at   INTEGER,
    concurrency INTEGER CHECK (concurrency >= 1)
) WITHOUT ROWID;

CREATE TABLE job_schedules (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    job        TEXT NOT NULL,
    cron       TEXT NOT NULL,
    timezone   TEXT NOT NULL,
    missed     TEXT NOT NULL CHECK (missed IN ('skip', 'latest', 'all')),
    most       INTEGER NOT NULL DEFAULT 1 CHECK (most >= 1),
    enabled    INTEGER NOT NULL DEFAULT 1,
    base_at    INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (user_id, name)
);

CREATE INDEX job_schedules_by_fire ON job_schedules (next_at) WHERE enabled = 1;

CREATE TABLE job_fires (
    schedule_id TEXT NOT NULL REFERENCES job_schedules (id) ON DELETE CASCADE,
    fire_at     INTEGER NOT NULL,
    job_id      TEXT,
    PRIMARY KEY (schedule_id, fire_at)
) WITHOUT ROWID;
