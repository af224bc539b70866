-- The whole schema of noond.db: the one place to read the tables.
-- It is made by noond/store/migrations; a test proves that both say the same.
-- Times (`*_at`, `*_for`) are milliseconds since 1970-01-01 UTC. JSON is text. Ids are UUIDv7,
-- except a device's, which the device chooses.

-- One row per fact about this file itself: `key_check` proves that the key file fits.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- People. Everything below belongs to one of them.
-- `login` is the name as it is compared. Without a password nobody can sign in as them. A removed
-- user keeps the row until what was theirs is deleted.
CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    timezone   TEXT NOT NULL DEFAULT 'UTC',
    created_at INTEGER NOT NULL,
    role       TEXT NOT NULL DEFAULT 'user'
               CHECK (role IN ('viewer', 'user', 'admin', 'owner')),
    login      TEXT NOT NULL DEFAULT '',
    password_hash TEXT,          -- argon2id
    removed_at INTEGER
);
CREATE UNIQUE INDEX users_by_login ON users (login) WHERE removed_at IS NULL;

-- Keys of the HTTP API: 256 random bits, shown once; the SHA-256 is stored, and the first
-- characters, to tell keys apart. After a rotation the previous secret works until the new one
-- was used. `scopes` are single ones (agents:read) or bundles (read, write, admin).
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    key_hash     BLOB NOT NULL UNIQUE,
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    prefix       TEXT NOT NULL DEFAULT '',
    previous_hash BLOB
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);
CREATE UNIQUE INDEX api_keys_by_previous_hash ON api_keys (previous_hash)
    WHERE previous_hash IS NOT NULL;

-- Sign-ins with a password: each a family of refresh tokens that follow one another.
CREATE TABLE sign_ins (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ip           TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    end_reason   TEXT CHECK (end_reason IN ('logout', 'reuse', 'password', 'removed', 'role'))
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id, ended_at);
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

-- Each works once. One that comes a second time was stolen, or its thief was first: the whole
-- sign-in ends.
CREATE TABLE refresh_tokens (
    token_hash BLOB PRIMARY KEY,
    sign_in_id TEXT NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_sign_in ON refresh_tokens (sign_in_id);

-- Access tokens that ended before their time: single ones by their `jti`, all of a sign-in by its
-- id. A row is needed until the last of them would have expired.
CREATE TABLE revoked_tokens (
    token_id   TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason     TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

-- Devices. A token is 256 random bits, its SHA-256 is stored; after a rotation the previous one
-- works until the new one was used.
CREATE TABLE devices (
    user_id             TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id                  TEXT NOT NULL,
    name                TEXT NOT NULL,
    platform            TEXT,
    app_version         TEXT,
    capabilities        TEXT NOT NULL DEFAULT '[]',
    token_hash          BLOB UNIQUE,
    previous_token_hash BLOB UNIQUE,
    created_at          INTEGER NOT NULL,
    last_seen_at        INTEGER,
    revoked_at          INTEGER,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;

-- Codes that pair a device: one use, five minutes, five tries. The code is stored as an HMAC
-- under the data directory's key, because it is short enough to be guessed from a plain hash.
CREATE TABLE pairing_codes (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id  TEXT,
    code_hash  BLOB NOT NULL UNIQUE,
    tries_left INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
);
CREATE INDEX pairing_codes_by_expiry ON pairing_codes (expires_at);

-- Agents: what to read, what to look for, when. A deleted agent keeps its row for its history.
CREATE TABLE agents (
    id                 TEXT PRIMARY KEY,
    user_id            TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind               TEXT NOT NULL CHECK (kind IN ('local')),
    name               TEXT NOT NULL,
    device_id          TEXT NOT NULL,
    directory_paths    TEXT NOT NULL,
    file_extensions    TEXT NOT NULL,
    prompt_template    TEXT NOT NULL,
    data_types         TEXT NOT NULL,
    schedule_cron      TEXT,
    timezone           TEXT NOT NULL,
    missed             TEXT NOT NULL CHECK (missed IN ('latest', 'skip')),
    max_age_hours      INTEGER NOT NULL,
    quiet_hours        TEXT,
    default_project_id TEXT,
    enabled            INTEGER NOT NULL,
    schedule_base_at   INTEGER,   -- the next fire is looked for after this; null: never run
    schedule_note      TEXT,      -- what became of fires that were not served
    last_run_at        INTEGER,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    deleted_at         INTEGER,
    FOREIGN KEY (user_id, device_id) REFERENCES devices (user_id, id)
);
CREATE UNIQUE INDEX agents_by_name ON agents (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX agents_by_device ON agents (user_id, device_id) WHERE deleted_at IS NULL;

-- Runs: one execution of an agent each. Counters move in the transactions of what they count.
CREATE TABLE runs (
    id                TEXT PRIMARY KEY,
    user_id           TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id          TEXT NOT NULL REFERENCES agents (id),
    device_id         TEXT NOT NULL,
    trigger           TEXT NOT NULL CHECK (trigger IN ('manual', 'schedule', 'first')),
    status            TEXT NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'success',
                                                      'partial', 'error', 'cancelled',
                                                      'interrupted')),
    waiting_for       TEXT CHECK (waiting_for IN ('device', 'files', 'budget')),
    waiting_note      TEXT,      -- which spending limit, and when it renews
    scheduled_for     INTEGER,
    late_reason       TEXT,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    waiting_since     INTEGER,
    cancel_requested_at INTEGER,
    read_at           INTEGER,   -- the device's last file was processed
    completed_at      INTEGER,
    items_processed   INTEGER NOT NULL DEFAULT 0,
    items_created     INTEGER NOT NULL DEFAULT 0,
    files_listed      INTEGER,
    files_unchanged   INTEGER NOT NULL DEFAULT 0,
    files_skipped     INTEGER NOT NULL DEFAULT 0,
    dropped           TEXT NOT NULL DEFAULT '{}',  -- candidates the gate refused, by reason
    llm_calls         INTEGER NOT NULL DEFAULT 0,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd          REAL NOT NULL DEFAULT 0,
    unpriced_calls    INTEGER NOT NULL DEFAULT 0,
    -- full: journals records; dry_run: proposals only; estimate: the manifest only
    mode              TEXT NOT NULL DEFAULT 'full' CHECK (mode IN ('full', 'dry_run', 'estimate')),
    estimate          TEXT,      -- what an estimate came to
    applied_at        INTEGER,   -- a dry run's proposals were journaled
    reverted_at       INTEGER
);
CREATE INDEX runs_by_user ON runs (user_id, id);
CREATE INDEX runs_by_agent ON runs (agent_id, id);
CREATE UNIQUE INDEX runs_active ON runs (agent_id)
    WHERE status IN ('queued', 'running', 'waiting');
CREATE UNIQUE INDEX runs_by_fire ON runs (agent_id, scheduled_for)
    WHERE scheduled_for IS NOT NULL;

-- What went wrong in a run, one row per file and code (file '' = the run itself). Failed
-- deliveries are not repeated here; they stand in `deliveries`.
CREATE TABLE run_errors (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    run_id  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    file    TEXT NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run_id, file, code)
) WITHOUT ROWID;

-- The ledger: which content of which file is done, by agent. `extractor` is the fingerprint of
-- model, prompt, types and gate. `origin_path` is the path under which this content was first
-- read: a moved file keeps it, so that its records stay known.
CREATE TABLE ledger_entries (
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id    TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    path        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    extractor   TEXT NOT NULL,
    origin_path TEXT NOT NULL,
    run_id      TEXT NOT NULL,
    read_at     INTEGER NOT NULL,
    PRIMARY KEY (agent_id, path)
) WITHOUT ROWID;
CREATE INDEX ledger_entries_by_content ON ledger_entries (agent_id, sha256, extractor);

-- Records: what was taken from a source, with its provenance. `fingerprint` = (origin path,
-- table, normalised quote, n-th of these); one agent never brings the same one twice.
CREATE TABLE records (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id    TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
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
    created_at  INTEGER NOT NULL,
    reverted_at INTEGER,         -- undone: stays away until the extractor changes
    UNIQUE (agent_id, fingerprint)
);
CREATE INDEX records_by_run ON records (run_id, id);

-- The journal: deliveries of records to devices. `id` is the call's id, the same at each send.
CREATE TABLE deliveries (
    id               TEXT PRIMARY KEY,
    record_id        TEXT NOT NULL UNIQUE REFERENCES records (id) ON DELETE CASCADE,
    user_id          TEXT NOT NULL,
    device_id        TEXT NOT NULL,
    agent_id         TEXT NOT NULL,
    run_id           TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    unanswered_sends INTEGER NOT NULL DEFAULT 0,
    resends          INTEGER NOT NULL DEFAULT 0,
    error_code       TEXT,
    error            TEXT,
    device_record_id TEXT,
    created_at       INTEGER NOT NULL,
    settled_at       INTEGER
);
CREATE INDEX deliveries_pending ON deliveries (user_id, device_id, id) WHERE status = 'pending';
CREATE INDEX deliveries_failed ON deliveries (agent_id, id) WHERE status = 'failed';
CREATE INDEX deliveries_by_run ON deliveries (run_id, status);

-- What a dry run found: the files it read and what it would suggest. `novelty` is against what
-- the agent has brought before. Applying it makes records and ledger entries of these.
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

-- What a person did with a suggestion, as their device told; the last decision stands.
CREATE TABLE reviews (
    delivery_id TEXT PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL,
    agent_id    TEXT NOT NULL,
    decision    TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'edited')),
    data        TEXT,            -- the fields after an edit
    decided_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reviews_by_agent ON reviews (agent_id, decided_at);

-- Undoing a run: calls that delete its records from the device. `kept`: the person had edited or
-- approved the record, and the device refused.
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

-- One row per call to a model: what it read, what it cost, how it went. `cost_usd` is null when
-- the model's price is not known.
CREATE TABLE agent_observability (
    id                    TEXT PRIMARY KEY,
    user_id               TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id              TEXT NOT NULL,
    agent_run_id          TEXT NOT NULL,  -- a run's, or a task's
    job_id                TEXT,           -- the job that carried it
    agent_action          TEXT NOT NULL,
    agent_tool            TEXT,           -- the tools that the model wanted called
    file                  TEXT,
    llm_model             TEXT NOT NULL,
    llm_prompt_tokens     INTEGER NOT NULL,
    llm_completion_tokens INTEGER NOT NULL,
    llm_total_tokens      INTEGER NOT NULL,
    llm_cost_usd          REAL,
    user_message          TEXT,           -- these four only with llm.keep_texts, for a while
    agent_response        TEXT,
    agent_state           TEXT,
    tool_result           TEXT,
    intent_category       TEXT,
    entities              TEXT,
    execution_time_ms     INTEGER NOT NULL,
    success               INTEGER NOT NULL,
    error_message         TEXT,
    created_at            INTEGER NOT NULL
);
CREATE INDEX agent_observability_by_run ON agent_observability (agent_run_id);
CREATE INDEX agent_observability_by_day ON agent_observability (user_id, created_at);
CREATE INDEX agent_observability_with_texts ON agent_observability (created_at)
    WHERE coalesce(user_message, agent_response, agent_state, tool_result) IS NOT NULL;

-- Jobs: persisted background work. `attempt` fences: only the running attempt may change it.
-- What every claim touches is kept small; history, results and states have tables of their own.
-- `hold` says of a pending job what it waits for: 0 a free slot, 1 its time, 2 its concurrency key,
-- 3 its rate key. Only what waits for a slot is looked at by a claim.
-- `retry_count` counts tries after errors; `crashes` the deaths of the daemon in a row.
-- `reason` says why a job failed: error, permanent, timed_out, deadline, crashed, stuck, discarded.
-- `next_jobs` is the rest of its chain: inserted, one by one, when the one before completes.
CREATE TABLE jobs (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    job_type        TEXT NOT NULL,
    queue           TEXT NOT NULL,
    priority        INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
    status          TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed',
                                                    'cancelled')),
    hold            INTEGER NOT NULL DEFAULT 0 CHECK (hold BETWEEN 0 AND 3),
    payload         TEXT NOT NULL,
    concurrency_key TEXT,
    concurrency_limit INTEGER NOT NULL DEFAULT 1 CHECK (concurrency_limit >= 1),
    rate_key        TEXT,
    unique_key      TEXT,
    attempt         INTEGER NOT NULL DEFAULT 0,
    retry_count     INTEGER NOT NULL DEFAULT 0,
    max_retries     INTEGER NOT NULL DEFAULT 3,
    crashes         INTEGER NOT NULL DEFAULT 0,
    scheduled_at    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    deadline_at     INTEGER,     -- the end of all its attempts together
    cancel_requested_at INTEGER,
    completed_at    INTEGER,
    reason          TEXT,
    error_message   TEXT,
    parent_id       TEXT,        -- the job that inserted it; cancelled with it
    batch_id        TEXT,
    next_jobs       TEXT
);
CREATE INDEX jobs_ready ON jobs (queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 0;
CREATE INDEX jobs_later ON jobs (scheduled_at) WHERE status = 'pending' AND hold = 1;
CREATE INDEX jobs_key_held
    ON jobs (concurrency_key, queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 2;
CREATE INDEX jobs_rate_held
    ON jobs (rate_key, queue, priority, user_id, job_type, scheduled_at, id)
    WHERE status = 'pending' AND hold = 3;
CREATE INDEX jobs_running ON jobs (concurrency_key) WHERE status = 'running';
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

-- Whose job was claimed when: the round-robin among users.
CREATE TABLE job_turns (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    turn    INTEGER NOT NULL
) WITHOUT ROWID;

-- Attempts that did not end well, and when the next one was to be (null: there was none).
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

-- How far a job has come, and what its next attempt begins with.
CREATE TABLE job_states (
    job_id        TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    progress      INTEGER,       -- 0 to 100
    message       TEXT,
    progress_at   INTEGER,
    checkpoint    TEXT,
    checkpoint_at INTEGER
) WITHOUT ROWID;

-- The results of a job's named steps: a step that stands here is not run again.
CREATE TABLE job_steps (
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, name)
) WITHOUT ROWID;

-- What completed jobs gave back; emptied long before the job's own row goes.
CREATE TABLE job_results (
    job_id     TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX job_results_by_age ON job_results (created_at) WHERE result <> '';

-- Jobs that belong together. `callback` is the job that is inserted when the last one has ended.
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

-- Queues that are paused or limited; the others have no row.
CREATE TABLE job_queues (
    queue       TEXT PRIMARY KEY,
    paused_at   INTEGER,
    concurrency INTEGER CHECK (concurrency >= 1)
) WITHOUT ROWID;

-- Jobs that the clock inserts. `job` is the template, `most` how many missed fires `all` serves.
-- Fires up to `base_at` are dealt with; `next_at` is the first one after.
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

-- Each fire that was dealt with, once; without a job it was passed over.
CREATE TABLE job_fires (
    schedule_id TEXT NOT NULL REFERENCES job_schedules (id) ON DELETE CASCADE,
    fire_at     INTEGER NOT NULL,
    job_id      TEXT,
    PRIMARY KEY (schedule_id, fire_at)
) WITHOUT ROWID;

-- Conversations with chat agents, deleted at `expires_at`, which each message moves by
-- `keep_hours`. `summary` stands for the messages up to the one named in `summarised_to`.
CREATE TABLE conversations (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id        TEXT NOT NULL,
    title           TEXT,
    keep_hours      INTEGER NOT NULL CHECK (keep_hours >= 1),
    message_count   INTEGER NOT NULL DEFAULT 0,
    tokens_used     INTEGER NOT NULL DEFAULT 0,
    cost_usd        REAL NOT NULL DEFAULT 0,
    summary         TEXT,
    summarised_to   TEXT,
    created_at      INTEGER NOT NULL,
    last_message_at INTEGER,
    expires_at      INTEGER NOT NULL
);
CREATE INDEX conversations_by_user ON conversations (user_id, id);
CREATE INDEX conversations_by_end ON conversations (expires_at);

-- What was said. `tainted`: an answer that may repeat text from documents or devices.
CREATE TABLE conversation_messages (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role            TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content         TEXT NOT NULL,
    task_id         TEXT NOT NULL,
    tainted         INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL
);
CREATE INDEX conversation_messages_in_order ON conversation_messages (conversation_id, id);

-- What tasks of chat agents told as they went on, kept as long as results. The last word of a task
-- follows from its row in `jobs`.
CREATE TABLE task_events (
    task_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
) WITHOUT ROWID;

-- Replies to POSTs that carried an Idempotency-Key, for 24 h. A reply that held a secret is not
-- kept (`reply` is null), only the id of what it made.
CREATE TABLE idempotency_keys (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    status     INTEGER NOT NULL,
    reply      TEXT,
    object_id  TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, route, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- The audit log: what was done by whom, and what was refused. No row refers to another table: it
-- outlives what it tells of. `mac` is an HMAC over the row and the `mac` before it, under a key
-- that is not in here; `meta` holds the sealed end of the chain (`audit_head`) and of its archived
-- part (`audit_archived`). `body` and `changes` are redacted.
CREATE TABLE audit_log (
    seq           INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    actor_id      TEXT,          -- the user's id
    actor_name    TEXT,
    actor_kind    TEXT NOT NULL, -- what they were let in by, or who else it was
    credential_id TEXT,
    action        TEXT NOT NULL,
    resource      TEXT NOT NULL, -- a kind of thing
    resource_id   TEXT,
    ip            TEXT,
    user_agent    TEXT,
    request_id    TEXT,
    method        TEXT,
    path          TEXT,
    body          TEXT,
    status        INTEGER,
    error         TEXT,          -- the problem's stable code
    changes       TEXT,          -- by field: before and after
    mac           BLOB NOT NULL
);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, seq);
CREATE INDEX audit_log_by_resource ON audit_log (resource_id, seq);

-- Requests that concern agents, for finding patterns; bodies and headers are redacted and cut.
CREATE TABLE request_logs (
    id               TEXT PRIMARY KEY,
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    endpoint         TEXT NOT NULL,
    method           TEXT NOT NULL,
    request_body     TEXT,
    request_headers  TEXT NOT NULL,
    response_body    TEXT,
    response_status  INTEGER NOT NULL CHECK (response_status BETWEEN 100 AND 599),
    response_time_ms INTEGER NOT NULL,
    agent_action     TEXT NOT NULL
                     CHECK (agent_action IN ('create', 'read', 'update', 'delete', 'search',
                                             'schedule')),
    agent_tool       TEXT,
    agent_success    INTEGER NOT NULL,
    intent_category  TEXT,
    entities         TEXT,
    user_pattern     TEXT,
    agent_summary    TEXT,
    ip_address       TEXT NOT NULL,
    user_agent       TEXT NOT NULL,
    request_id       TEXT NOT NULL,
    created_at       INTEGER NOT NULL
);
CREATE INDEX request_logs_by_user ON request_logs (user_id, id);
CREATE INDEX request_logs_by_age ON request_logs (created_at);
-- For analytics: what a user's requests did in a span of time, without reading their bodies.
CREATE INDEX request_logs_by_time
    ON request_logs (user_id, created_at, agent_action, response_time_ms, agent_success);
CREATE INDEX request_logs_by_intent ON request_logs (user_id, created_at, intent_category)
    WHERE intent_category IS NOT NULL;
CREATE INDEX request_logs_with_entities ON request_logs (user_id, created_at)
    WHERE entities IS NOT NULL;

-- Sessions of users with agents; the ended ones stay.
CREATE TABLE agent_sessions (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_type    TEXT NOT NULL
                  CHECK (agent_type IN ('github', 'asana', 'gmail', 'calendar', 'unified')),
    project       TEXT,
    repository    TEXT,
    created_at    INTEGER NOT NULL,
    last_activity INTEGER NOT NULL,
    ended_at      INTEGER
);
CREATE INDEX agent_sessions_by_user ON agent_sessions (user_id, id);
CREATE INDEX agent_sessions_active ON agent_sessions (user_id, agent_type, last_activity)
    WHERE ended_at IS NULL;
CREATE INDEX agent_sessions_by_age ON agent_sessions (last_activity) WHERE ended_at IS NULL;

-- What was said to an agent, and what came back.
CREATE TABLE interactions (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES agent_sessions (id) ON DELETE CASCADE,
    agent_type TEXT NOT NULL
               CHECK (agent_type IN ('github', 'asana', 'gmail', 'calendar', 'unified')),
    message    TEXT NOT NULL,
    response   TEXT,
    success    INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX interactions_by_user ON interactions (user_id, id);
CREATE INDEX interactions_by_type ON interactions (user_id, agent_type, id);
CREATE INDEX interactions_by_session ON interactions (session_id, id);
CREATE INDEX interactions_by_age ON interactions (created_at);

-- What happened to a user's agents and devices, for the user to read.
CREATE TABLE activities (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    activity_type TEXT NOT NULL
                  CHECK (activity_type IN (
                      'SessionCreated', 'SessionEnded', 'TokenStored', 'TokenRefreshed',
                      'InteractionCompleted', 'ErrorOccurred', 'ConnectionEstablished',
                      'TaskCreated', 'TaskUpdated', 'EmailSent', 'EmailRead', 'MeetingScheduled',
                      'IssueCreated', 'PullRequestCreated')),
    agent_type    TEXT
                  CHECK (agent_type IN ('github', 'asana', 'gmail', 'calendar', 'unified')),
    session_id    TEXT,
    description   TEXT NOT NULL,
    metadata      TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);
CREATE INDEX activities_by_user ON activities (user_id, id);
CREATE INDEX activities_by_type ON activities (user_id, activity_type, id);
CREATE INDEX activities_by_age ON activities (created_at);

-- How often something was done in a day of the user's zone.
CREATE TABLE quota_usage (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    quota   TEXT NOT NULL,
    day     TEXT NOT NULL,
    used    INTEGER NOT NULL,
    PRIMARY KEY (user_id, quota, day)
) WITHOUT ROWID;
CREATE INDEX quota_usage_by_day ON quota_usage (day);

-- What is wrong and needs a person, once for each (user, kind, subject) at a time. Without a user
-- it concerns the whole daemon and is shown to administrators. `count` is how often it was seen;
-- `changes` numbers what the webhook is told, and `told_open` is what it was told last.
-- After `expires_at` it is over by itself.
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
