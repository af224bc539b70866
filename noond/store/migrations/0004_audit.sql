-- What was done by whom, as a chain that shows whether it was changed; and the agents' requests.
CREATE TABLE audit_log (
    seq           INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    actor_id      TEXT,
    actor_name    TEXT,
    actor_kind    TEXT NOT NULL,
    credential_id TEXT,
    action        TEXT NOT NULL,
    resource      TEXT NOT NULL,
    resource_id   TEXT,
    ip            TEXT,
    user_agent    TEXT,
    request_id    TEXT,
    method        TEXT,
    path          TEXT,
    body          TEXT,
    status        INTEGER,
    error         TEXT,
    changes       TEXT,
    mac           BLOB NOT NULL
);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, seq);
CREATE INDEX audit_log_by_resource ON audit_log (resource_id, seq);

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
