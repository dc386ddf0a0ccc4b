-- Endpoints of others that are told what happened, what each was told, and how that went.
--
-- An endpoint follows the workspace's events by a cursor; it and the messages that come of a step of it are one commit, so no
-- event is left out and none is told twice under two ids.

-- `event_types` and `project_ids` are lists between commas; empty ones let everything through. `secrets` is sealed.
-- `cursor_seq` is the place of the last event that was looked at.
CREATE TABLE webhook_endpoints (
    workspace_id     BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    id               BLOB    NOT NULL,
    url              TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    event_types      TEXT    NOT NULL,
    project_ids      TEXT    NOT NULL,
    secrets          BLOB    NOT NULL,
    cursor_seq       INTEGER NOT NULL,
    failing_since_ms INTEGER,
    disabled_at_ms   INTEGER,
    disabled_reason  TEXT,
    created_at_ms    INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL,
    version          INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    CHECK (disabled_reason IN ('chosen', 'gone', 'failing'))
) STRICT;

-- A message to an endpoint: an event, or a test (`event_seq` is null). `next_attempt_at_ms` is null once nothing more is tried.
-- While `claim` is set an attempt is under way, and if that never ends another may be made at `next_attempt_at_ms`.
-- `tries` are the attempts since it was last put in line, by which the next delay goes.
CREATE TABLE webhook_messages (
    workspace_id       BLOB    NOT NULL,
    id                 BLOB    NOT NULL,
    endpoint_id        BLOB    NOT NULL,
    event_seq          INTEGER,
    kind               TEXT    NOT NULL,
    status             TEXT    NOT NULL,
    attempts           INTEGER NOT NULL DEFAULT 0,
    tries              INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER,
    claim              BLOB,
    created_at_ms      INTEGER NOT NULL,
    finished_at_ms     INTEGER,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    UNIQUE (workspace_id, endpoint_id, event_seq),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id) ON DELETE CASCADE,
    CHECK (status IN ('pending', 'succeeded', 'failed', 'dead'))
) STRICT;
CREATE INDEX webhook_messages_list ON webhook_messages (workspace_id, endpoint_id, created_at_ms, id);
CREATE INDEX webhook_messages_due ON webhook_messages (workspace_id, endpoint_id, next_attempt_at_ms, event_seq)
    WHERE next_attempt_at_ms IS NOT NULL;
CREATE INDEX webhook_messages_old ON webhook_messages (finished_at_ms) WHERE finished_at_ms IS NOT NULL;

-- `status` is that of the answer, if there was one; `error` says why there was none. `response` is how the answer began.
CREATE TABLE webhook_attempts (
    workspace_id  BLOB    NOT NULL,
    message_id    BLOB    NOT NULL,
    number        INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    status        INTEGER,
    error         TEXT,
    response      TEXT    NOT NULL,
    PRIMARY KEY (workspace_id, message_id, number),
    FOREIGN KEY (workspace_id, message_id) REFERENCES webhook_messages (workspace_id, id) ON DELETE CASCADE
) STRICT;

-- What an endpoint is told once more: the events of a time. `next_seq` is the place from which it goes on.
CREATE TABLE webhook_recoveries (
    workspace_id   BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    endpoint_id    BLOB    NOT NULL,
    since_ms       INTEGER NOT NULL,
    until_ms       INTEGER NOT NULL,
    first_seq      INTEGER NOT NULL,
    next_seq       INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL,
    messages       INTEGER NOT NULL DEFAULT 0,
    created_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX webhook_recoveries_endpoint ON webhook_recoveries (workspace_id, endpoint_id);
CREATE INDEX webhook_recoveries_open ON webhook_recoveries (workspace_id) WHERE finished_at_ms IS NULL;
