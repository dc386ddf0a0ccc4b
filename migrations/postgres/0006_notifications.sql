-- What people are told: an inbox for everybody, counters of what is new in it, and what everybody wants to be told.
--
-- Rows hold ids and places of events, never texts: what a notification says is made when it is read, by what its reader may see
-- then. Rows, counters and the cursor of the workspace are written in one commit, so an event makes a row exactly once.

-- One row for what somebody hears of one thread; it grows while more happens there. `actors` are the ids of the last five whose
-- doing it was, between commas, the newest first. `position` is the place of the last change in what its reader hears of.
CREATE TABLE notifications (
    workspace_id     uuid   NOT NULL,
    id               uuid   NOT NULL,
    user_id          uuid   NOT NULL,
    thread_key       text   NOT NULL,
    kind             text   NOT NULL,
    subject_kind     text   NOT NULL,
    subject_id       uuid   NOT NULL,
    team_id          uuid,
    project_id       uuid,
    document_id      uuid,
    comment_id       uuid,
    actors           text   NOT NULL,
    happened         bigint NOT NULL,
    last_seq         bigint,
    position         bigint NOT NULL,
    created_at_ms    bigint NOT NULL,
    updated_at_ms    bigint NOT NULL,
    seen_at_ms       bigint,
    read_at_ms       bigint,
    archived_at_ms   bigint,
    snoozed_until_ms bigint,
    version          bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    UNIQUE (workspace_id, user_id, thread_key),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (subject_kind IN ('task', 'document', 'workspace', 'project', 'team', 'webhook_endpoint', 'account'))
);
CREATE INDEX notifications_user ON notifications (user_id, updated_at_ms, id);
CREATE INDEX notifications_position ON notifications (user_id, position);
CREATE INDEX notifications_new ON notifications (workspace_id, user_id)
    WHERE archived_at_ms IS NULL AND (read_at_ms IS NULL OR seen_at_ms IS NULL);
CREATE INDEX notifications_document ON notifications (workspace_id, document_id) WHERE document_id IS NOT NULL;
CREATE INDEX notifications_snoozed ON notifications (snoozed_until_ms) WHERE snoozed_until_ms IS NOT NULL;
CREATE INDEX notifications_old ON notifications (updated_at_ms);

-- How many rows of somebody are unread, and unseen: neither archived nor put off.
CREATE TABLE notification_counters (
    workspace_id uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    unread       bigint NOT NULL,
    unseen       bigint NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX notification_counters_user ON notification_counters (user_id);

-- What somebody wants to be told in a workspace (`scope_id` is its id) or in a project of it; a JSON object. What counts
-- everywhere is kept with the account.
CREATE TABLE notification_preferences (
    workspace_id  uuid   NOT NULL,
    user_id       uuid   NOT NULL,
    scope_id      uuid   NOT NULL,
    preferences   text   NOT NULL,
    updated_at_ms bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, user_id, scope_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
);

-- The place of the last event of a workspace that was looked at. One without a row has not been looked at at all.
CREATE TABLE notification_cursors (
    workspace_id uuid   NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    event_seq    bigint NOT NULL
);

-- The last place that somebody's notifications were given. Locked by whoever gives one until they commit, so that whoever has
-- read up to a place has missed nothing before it. It is theirs in all workspaces.
CREATE TABLE notification_positions (
    user_id  uuid   NOT NULL PRIMARY KEY REFERENCES users (id),
    position bigint NOT NULL
);

-- What has happened until now is told to nobody.
SELECT set_config('weft.workspace', '*', true);
INSERT INTO notification_cursors (workspace_id, event_seq) SELECT workspace_id, event_seq FROM workspace_sequences;

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'notifications',
        'notification_counters',
        'notification_preferences',
        'notification_cursors'
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
