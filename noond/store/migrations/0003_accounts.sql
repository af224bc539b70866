-- Who may do what: roles, passwords, sign-ins, finer keys. schema.sql explains.
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'user'
    CHECK (role IN ('viewer', 'user', 'admin', 'owner'));

ALTER TABLE users ADD COLUMN login TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN password_hash TEXT;

ALTER TABLE users ADD COLUMN removed_at INTEGER;

-- Whoever set the daemon up is its owner.
UPDATE users SET login = lower(trim(name)),
    role = CASE WHEN id = (SELECT min(id) FROM users) THEN 'owner' ELSE 'user' END;

CREATE UNIQUE INDEX users_by_login ON users (login) WHERE removed_at IS NULL;

ALTER TABLE api_keys ADD COLUMN prefix TEXT NOT NULL DEFAULT '';

ALTER TABLE api_keys ADD COLUMN previous_hash BLOB;

CREATE UNIQUE INDEX api_keys_by_previous_hash ON api_keys (previous_hash)
    WHERE previous_hash IS NOT NULL;

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

CREATE TABLE refresh_tokens (
    token_hash BLOB PRIMARY KEY,
    sign_in_id TEXT NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_sign_in ON refresh_tokens (sign_in_id);

CREATE TABLE revoked_tokens (
    token_id   TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason     TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
