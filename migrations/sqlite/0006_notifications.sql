-- What people are told: an inbox for everybody, counters of what is new in it, and what everybody wants to be told.
--
-- Rows hold ids and places of events, never texts: what a notification says is made when it is read, by what its reader may see
-- then. Rows, counters and the cursor of the workspace are written in one commit, so an event makes a row exactly once.

-- One row for what somebody hears of one thread; it grows while more happens there. `actors` are the ids of the last five whose
-- doing it was, between commas, the newest first. `position` is the place of the last change in what its reader hears of.
CREATE TABLE notifications (
    workspace_id     BLOB    NOT NULL,
    id               BLOB    NOT NULL,
    user_id          BLOB    NOT NULL,
    thread_key       TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    subject_kind     TEXT    NOT NULL,
    subject_id       BLOB    NOT NULL,
    team_id          BLOB,
    project_id       BLOB,
    document_id      BLOB,
    comment_id       BLOB,
    actors           TEXT    NOT NULL,
    happened         INTEGER NOT NULL,
    last_seq         INTEGER,
    position         INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL,
    seen_at_ms       INTEGER,
    read_at_ms       INTEGER,
    archived_at_ms   INTEGER,
    snoozed_until_ms INTEGER,
    version          INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    UNIQUE (workspace_id, user_id, thread_key),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (subject_kind IN ('task', 'document', 'workspace', 'project', 'team', 'webhook_endpoint', 'account'))
) STRICT;
CREATE INDEX notifications_user ON notifications (user_id, updated_at_ms, id);
CREATE INDEX notifications_position ON notifications (user_id, position);
CREATE INDEX notifications_new ON notifications (workspace_id, user_id)
    WHERE archived_at_ms IS NULL AND (read_at_ms IS NULL OR seen_at_ms IS NULL);
CREATE INDEX notifications_document ON notifications (workspace_id, document_id) WHERE document_id IS NOT NULL;
CREATE INDEX notifications_snoozed ON notifications (snoozed_until_ms) WHERE snoozed_until_ms IS NOT NULL;
CREATE INDEX notifications_old ON notifications (updated_at_ms);

-- How many rows of somebody are unread, and unseen: neither archived nor put off.
CREATE TABLE notification_counters (
    workspace_id BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    unread       INTEGER NOT NULL,
    unseen       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_counters_user ON notification_counters (user_id);

-- What somebody wants to be told in a workspace (`scope_id` is its id) or in a project of it; a JSON object. What counts
-- everywhere is kept with the account.
CREATE TABLE notification_preferences (
    workspace_id  BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    scope_id      BLOB    NOT NULL,
    preferences   TEXT    NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, user_id, scope_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The place of the last event of a workspace that was looked at. One without a row has not been looked at at all.
CREATE TABLE notification_cursors (
    workspace_id BLOB    NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    event_seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last place that somebody's notifications were given. Locked by whoever gives one until they commit, so that whoever has
-- read up to a place has missed nothing before it. It is theirs in all workspaces.
CREATE TABLE notification_positions (
    user_id  BLOB    NOT NULL PRIMARY KEY REFERENCES users (id),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What has happened until now is told to nobody.
INSERT INTO notification_cursors (workspace_id, event_seq) SELECT workspace_id, event_seq FROM workspace_sequences;
