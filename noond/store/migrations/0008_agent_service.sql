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

-- For analytics: what a user's requests did in a span of time, without reading their bodies.
CREATE INDEX request_logs_by_time
    ON request_logs (user_id, created_at, agent_action, response_time_ms, agent_success);
CREATE INDEX request_logs_by_intent ON request_logs (user_id, created_at, intent_category)
    WHERE intent_category IS NOT NULL;
CREATE INDEX request_logs_with_entities ON request_logs (user_id, created_at)
    WHERE entities IS NOT NULL;
