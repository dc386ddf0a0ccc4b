-- What people say about documents and tasks, and what they keep for themselves.
--
-- A topic is a document (task_id is null) or a task of a board (document_id is the board). What is said about a task
-- stays when its card is removed, which an undo can bring back, and goes with the board.

-- What happens to a team, and to who is in it, is seen by those who see the team.
ALTER TABLE events ADD COLUMN team_id BLOB;

-- Files of a task are attached to its board and name the task.
ALTER TABLE attachments ADD COLUMN task_id BLOB;
CREATE INDEX attachments_task ON attachments (workspace_id, task_id, id) WHERE task_id IS NOT NULL;

-- A comment, or a reply to one. It is somebody's with an account, or of whom an application or a link has let in.
-- `mentions` are ids of accounts between commas, `anchor` is a JSON object.
CREATE TABLE comments (
    workspace_id   BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    document_id    BLOB    NOT NULL,
    task_id        BLOB,
    parent_id      BLOB,
    author_user_id BLOB    REFERENCES users (id),
    author_subject TEXT,
    author_name    TEXT,
    body           TEXT    NOT NULL,
    mentions       TEXT    NOT NULL DEFAULT '',
    anchor         TEXT,
    created_at_ms  INTEGER NOT NULL,
    edited_at_ms   INTEGER,
    deleted_at_ms  INTEGER,
    resolved_at_ms INTEGER,
    resolved_by    BLOB    REFERENCES users (id),
    version        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, parent_id) REFERENCES comments (workspace_id, id) ON DELETE CASCADE,
    CHECK ((author_user_id IS NULL) <> (author_subject IS NULL))
) STRICT;
CREATE INDEX comments_document ON comments (workspace_id, document_id, created_at_ms, id) WHERE task_id IS NULL;
CREATE INDEX comments_task ON comments (workspace_id, task_id, created_at_ms, id) WHERE task_id IS NOT NULL;
CREATE INDEX comments_parent ON comments (workspace_id, parent_id, created_at_ms, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_of_document ON comments (workspace_id, document_id);

CREATE TABLE comment_reactions (
    workspace_id  BLOB    NOT NULL,
    comment_id    BLOB    NOT NULL,
    emoji         TEXT    NOT NULL,
    user_id       BLOB    NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, comment_id, emoji, user_id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id) ON DELETE CASCADE
) STRICT;

-- Who hears of a topic, or wants to hear no more. `topic_id` is the id of the task or the document.
CREATE TABLE subscriptions (
    workspace_id  BLOB    NOT NULL,
    topic         TEXT    NOT NULL,
    topic_id      BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    document_id   BLOB    NOT NULL,
    state         TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, topic, topic_id, user_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (topic IN ('document', 'task')),
    CHECK (state IN ('watching', 'muted')),
    CHECK (reason IN ('chosen', 'commented', 'mentioned', 'assigned', 'created'))
) STRICT;
CREATE INDEX subscriptions_document ON subscriptions (workspace_id, document_id);
CREATE INDEX subscriptions_user ON subscriptions (workspace_id, user_id);

-- Filters of task lists that have a name. `filter` is a JSON object with the names of the query's parameters.
CREATE TABLE saved_views (
    workspace_id  BLOB    NOT NULL,
    id            BLOB    NOT NULL,
    project_id    BLOB    NOT NULL,
    owner_user_id BLOB    NOT NULL REFERENCES users (id),
    name          TEXT    NOT NULL,
    visibility    TEXT    NOT NULL,
    filter        TEXT    NOT NULL,
    sort          TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE,
    CHECK (visibility IN ('personal', 'project'))
) STRICT;
CREATE INDEX saved_views_project ON saved_views (workspace_id, project_id, created_at_ms, id);

-- When somebody wants to be reminded of a task: at a moment, or so many minutes before it is due. `due_at_ms` is when;
-- null if the task has no date. Of the second sort it was worked out from `basis`, the task's date; null makes it be
-- worked out anew.
CREATE TABLE reminders (
    workspace_id   BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    document_id    BLOB    NOT NULL,
    task_id        BLOB    NOT NULL,
    user_id        BLOB    NOT NULL,
    at_ms          INTEGER,
    minutes_before INTEGER,
    due_at_ms      INTEGER,
    basis          TEXT,
    sent_at_ms     INTEGER,
    created_at_ms  INTEGER NOT NULL,
    version        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK ((at_ms IS NULL) <> (minutes_before IS NULL))
) STRICT;
CREATE UNIQUE INDEX reminders_once ON reminders (workspace_id, task_id, user_id, COALESCE(at_ms, -1), COALESCE(minutes_before, -1));
CREATE INDEX reminders_document ON reminders (workspace_id, document_id);
CREATE INDEX reminders_user ON reminders (workspace_id, user_id);
CREATE INDEX reminders_due ON reminders (due_at_ms) WHERE sent_at_ms IS NULL AND due_at_ms IS NOT NULL;
