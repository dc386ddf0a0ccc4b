-- Endpoints of others that are told what happened, what each was told, and how that went.
--
-- An endpoint follows the workspace's events by a cursor; it and the messages that come of a step of it are one commit, so no
-- event is left out and none is told twice under two ids.

-- `event_types` and `project_ids` are lists between commas; empty ones let everything through. `secrets` is sealed.
-- `cursor_seq` is the place of the last event that was looked at.
CREATE TABLE webhook_endpoints (
    workspace_id     uuid   NOT NULL REFERENCES workspaces (workspace_id),
    id               uuid   NOT NULL,
    url              text   NOT NULL,
    description      text   NOT NULL,
    event_types      text   NOT NULL,
    project_ids      text   NOT NULL,
    secrets          bytea  NOT NULL,
    cursor_seq       bigint NOT NULL,
    failing_since_ms bigint,
    disabled_at_ms   bigint,
    disabled_reason  text,
    created_at_ms    bigint NOT NULL,
    updated_at_ms    bigint NOT NULL,
    version          bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    CHECK (disabled_reason IN ('chosen', 'gone', 'failing'))
);

-- A message to an endpoint: an event, or a test (`event_seq` is null). `next_attempt_at_ms` is null once nothing more is tried.
-- While `claim` is set an attempt is under way, and if that never ends another may be made at `next_attempt_at_ms`.
-- `tries` are the attempts since it was last put in line, by which the next delay goes.
CREATE TABLE webhook_messages (
    workspace_id       uuid   NOT NULL,
    id                 uuid   NOT NULL,
    endpoint_id        uuid   NOT NULL,
    event_seq          bigint,
    kind               text   NOT NULL,
    status             text   NOT NULL,
    attempts           bigint NOT NULL DEFAULT 0,
    tries              bigint NOT NULL DEFAULT 0,
    next_attempt_at_ms bigint,
    claim              uuid,
    created_at_ms      bigint NOT NULL,
    finished_at_ms     bigint,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    UNIQUE (workspace_id, endpoint_id, event_seq),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id) ON DELETE CASCADE,
    CHECK (status IN ('pending', 'succeeded', 'failed', 'dead'))
);
CREATE INDEX webhook_messages_list ON webhook_messages (workspace_id, endpoint_id, created_at_ms, id);
CREATE INDEX webhook_messages_due ON webhook_messages (workspace_id, endpoint_id, next_attempt_at_ms, event_seq)
    WHERE next_attempt_at_ms IS NOT NULL;
CREATE INDEX webhook_messages_old ON webhook_messages (finished_at_ms) WHERE finished_at_ms IS NOT NULL;

-- `status` is that of the answer, if there was one; `error` says why there was none. `response` is how the answer began.
CREATE TABLE webhook_attempts (
    workspace_id  uuid   NOT NULL,
    message_id    uuid   NOT NULL,
    number        bigint NOT NULL,
    started_at_ms bigint NOT NULL,
    duration_ms   bigint NOT NULL,
    status        bigint,
    error         text,
    response      text   NOT NULL,
    PRIMARY KEY (workspace_id, message_id, number),
    FOREIGN KEY (workspace_id, message_id) REFERENCES webhook_messages (workspace_id, id) ON DELETE CASCADE
);

-- What an endpoint is told once more: the events of a time. `next_seq` is the place from which it goes on.
CREATE TABLE webhook_recoveries (
    workspace_id   uuid   NOT NULL,
    id             uuid   NOT NULL,
    endpoint_id    uuid   NOT NULL,
    since_ms       bigint NOT NULL,
    until_ms       bigint NOT NULL,
    first_seq      bigint NOT NULL,
    next_seq       bigint NOT NULL,
    last_seq       bigint NOT NULL,
    messages       bigint NOT NULL DEFAULT 0,
    created_at_ms  bigint NOT NULL,
    finished_at_ms bigint,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_recoveries_endpoint ON webhook_recoveries (workspace_id, endpoint_id);
CREATE INDEX webhook_recoveries_open ON webhook_recoveries (workspace_id) WHERE finished_at_ms IS NULL;

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'webhook_endpoints',
        'webhook_messages',
        'webhook_attempts',
        'webhook_recoveries'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (current_setting(''weft.workspace'', true) IN (''*'', workspace_id::text))',
            owned
        );
    END LOOP;
END
$$;
