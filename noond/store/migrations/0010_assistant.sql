-- Conversations with chat agents, and what their tasks tell.
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

CREATE TABLE task_events (
    task_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
) WITHOUT ROWID;
