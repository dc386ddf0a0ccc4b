-- What of the inboxes is sent elsewhere: by mail, by Web Push, to the operator's gateway.
--
-- A row is written in the commit of the inbox row that it tells of, and says what it will be about: ids and types, never texts. Until
-- it is taken for the first time, what else happens in the thread joins it. Whether it may still be sent is asked when it is taken.

CREATE TABLE notification_deliveries (
    workspace_id    BLOB    NOT NULL,
    id              BLOB    NOT NULL,
    notification_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    channel         TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    comment_id      BLOB,
    actors          TEXT    NOT NULL,
    happened        INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at_ms       INTEGER NOT NULL,
    claim           BLOB,
    error           TEXT,
    created_at_ms   INTEGER NOT NULL,
    finished_at_ms  INTEGER,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, notification_id) REFERENCES notifications (workspace_id, id) ON DELETE CASCADE,
    CHECK (channel IN ('email', 'web_push', 'http')),
    CHECK (status IN ('pending', 'sent', 'cancelled', 'suppressed', 'failed'))
) STRICT;
-- One waits for each thread and way.
CREATE UNIQUE INDEX notification_deliveries_waiting ON notification_deliveries (workspace_id, notification_id, channel)
    WHERE status = 'pending' AND attempts = 0;
CREATE INDEX notification_deliveries_notification ON notification_deliveries (workspace_id, notification_id);
CREATE INDEX notification_deliveries_due ON notification_deliveries (channel, due_at_ms, id) WHERE status = 'pending';
CREATE INDEX notification_deliveries_user ON notification_deliveries (channel, user_id, due_at_ms, id) WHERE status = 'pending';
CREATE INDEX notification_deliveries_over ON notification_deliveries (finished_at_ms) WHERE finished_at_ms IS NOT NULL;

-- That somebody who works on a task was told that it is due: once for each date and stage of it.
CREATE TABLE due_notices (
    workspace_id BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    document_id  BLOB    NOT NULL,
    task_id      BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    stage        TEXT    NOT NULL,
    due          TEXT    NOT NULL,
    told_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, task_id, user_id, stage, due),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (stage IN ('day', 'hour', 'over'))
) STRICT;
CREATE INDEX due_notices_user ON due_notices (workspace_id, user_id);
CREATE INDEX due_notices_document ON due_notices (workspace_id, document_id);
CREATE INDEX due_notices_old ON due_notices (told_at_ms);
CREATE INDEX tasks_due ON tasks (due) WHERE due IS NOT NULL AND state = 'open' AND done_at_ms IS NULL;
