-- Boards: what their documents show, as rows; the identities and numbers of their tasks; and what happened.
--
-- Rows of the projection (tasks and what hangs on them, entries, links) can be made anew from the log. Identities,
-- numbers and events cannot: they are given once. Ids within a board, and order keys, are ASCII and ordered by their bytes.

-- What tasks of a project are called by: PROJ-12. Projects that exist are called by the start of their name where that
-- is three letters, and P otherwise, with a number where another one of the workspace is called the same.
ALTER TABLE projects ADD COLUMN task_key TEXT NOT NULL DEFAULT '';
UPDATE projects SET task_key = called.prefix || CASE WHEN called.place > 1 OR called.prefix = 'P'
    THEN CAST(called.place AS text) ELSE '' END
FROM (
    SELECT start.id, start.prefix,
        row_number() OVER (PARTITION BY start.workspace_id, start.prefix ORDER BY start.created_at_ms, start.id) AS place
    FROM (
        SELECT id, workspace_id, created_at_ms,
            CASE WHEN upper(substr(name, 1, 3)) GLOB '[A-Z][A-Z][A-Z]'
                THEN upper(substr(name, 1, 3)) ELSE 'P' END AS prefix
        FROM projects
    ) AS start
) AS called
WHERE projects.id = called.id;
CREATE UNIQUE INDEX projects_task_key ON projects (workspace_id, task_key);

-- What a board that nobody has edited yet begins with; gone with its first edit.
CREATE TABLE board_seeds (
    workspace_id BLOB NOT NULL,
    document_id  BLOB NOT NULL,
    seed         TEXT NOT NULL,
    PRIMARY KEY (workspace_id, document_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE
) STRICT;

-- Yjs client ids that nobody uses now, for the next one who writes to the document.
CREATE TABLE server_clients (
    workspace_id  BLOB    NOT NULL,
    document_name TEXT    NOT NULL,
    client_id     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, document_name, client_id),
    FOREIGN KEY (workspace_id, document_name) REFERENCES documents (workspace_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The last number that a task of the project was given.
CREATE TABLE project_counters (
    workspace_id BLOB    NOT NULL,
    project_id   BLOB    NOT NULL,
    task_number  INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, project_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Under which id and number a card of a board is known; stays when the card is gone.
CREATE TABLE task_identities (
    workspace_id  BLOB    NOT NULL,
    board_id      BLOB    NOT NULL,
    card_id       TEXT    NOT NULL,
    id            BLOB    NOT NULL,
    project_id    BLOB    NOT NULL,
    number        INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, board_id, card_id),
    UNIQUE (id),
    UNIQUE (workspace_id, project_id, number),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id)
) STRICT;

-- Cards as they are shown, with what they are known by: a list of thousands is read without a join to their identities.
-- `assignees`, `labels` and `watchers` are ids between commas, in order. The times of what a card is are those at which it
-- was first shown so.
CREATE TABLE tasks (
    workspace_id    BLOB    NOT NULL,
    board_id        BLOB    NOT NULL,
    card_id         TEXT    NOT NULL,
    id              BLOB    NOT NULL,
    number          INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    column_id       TEXT,
    order_group     INTEGER NOT NULL,
    order_key       TEXT    NOT NULL,
    title           TEXT    NOT NULL,
    title_key       TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    due             TEXT,
    start           TEXT,
    estimate        REAL,
    parent          TEXT,
    assignees       TEXT    NOT NULL,
    labels          TEXT    NOT NULL,
    watchers        TEXT    NOT NULL,
    checklist_total INTEGER NOT NULL,
    checklist_done  INTEGER NOT NULL,
    done            INTEGER NOT NULL,
    view            TEXT    NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    done_at_ms      INTEGER,
    archived_at_ms  INTEGER,
    deleted_at_ms   INTEGER,
    version         INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, board_id, card_id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, board_id, card_id)
        REFERENCES task_identities (workspace_id, board_id, card_id) ON DELETE CASCADE,
    CHECK (state IN ('open', 'archived', 'deleted')),
    CHECK ((state = 'archived') = (archived_at_ms IS NOT NULL)),
    CHECK ((state = 'deleted') = (deleted_at_ms IS NOT NULL)),
    CHECK (done = (done_at_ms IS NOT NULL))
) STRICT;
CREATE INDEX tasks_place ON tasks (workspace_id, board_id, column_id, order_group, order_key, card_id);
CREATE INDEX tasks_parent ON tasks (workspace_id, board_id, parent) WHERE parent IS NOT NULL;
CREATE INDEX tasks_trash ON tasks (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

-- Who works on a task and who hears of it, to find the tasks of somebody: by id as the document has it, which is not always
-- an account of ours. It refers to the board and not to the task: Postgres would look each task up among all of its board
-- while it has no statistics, which makes thousands of cards at once slow.
CREATE TABLE task_members (
    workspace_id BLOB    NOT NULL,
    board_id     BLOB    NOT NULL,
    card_id      TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    user_id      TEXT    NOT NULL,
    task_id      BLOB    NOT NULL,
    PRIMARY KEY (workspace_id, board_id, card_id, role, user_id),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (role IN ('assignee', 'watcher'))
) STRICT, WITHOUT ROWID;
CREATE INDEX task_members_user ON task_members (workspace_id, user_id, role, board_id, task_id);

-- Relations between cards of a board. Their ends are not required to have rows: what is shown is the document's to say.
CREATE TABLE task_links (
    workspace_id BLOB    NOT NULL,
    board_id     BLOB    NOT NULL,
    from_card    TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    to_card      TEXT    NOT NULL,
    cyclic       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, board_id, from_card, kind, to_card),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (kind IN ('blocks', 'precedes', 'duplicates', 'relates'))
) STRICT, WITHOUT ROWID;
CREATE INDEX task_links_to ON task_links (workspace_id, board_id, to_card);

-- Columns, lanes, labels and custom fields of a board.
CREATE TABLE board_entries (
    workspace_id BLOB    NOT NULL,
    board_id     BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    entry_id     TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    view         TEXT    NOT NULL,
    PRIMARY KEY (workspace_id, board_id, kind, entry_id),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (kind IN ('column', 'lane', 'label', 'field'))
) STRICT;

-- The last place in a workspace's sequence of events. Locked by whoever writes events until they commit, so that
-- places are given out in the order of the commits, without a gap.
CREATE TABLE workspace_sequences (
    workspace_id BLOB    NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    event_seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened. Events outlive what they are about, so they refer to nothing by a foreign key; when that is removed
-- for good, their `data` becomes an empty object.
CREATE TABLE events (
    workspace_id  BLOB    NOT NULL,
    seq           INTEGER NOT NULL,
    id            BLOB    NOT NULL,
    kind          TEXT    NOT NULL,
    project_id    BLOB,
    document_id   BLOB,
    task_id       BLOB,
    card_id       TEXT,
    actor_user_id BLOB,
    data          TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, seq),
    UNIQUE (workspace_id, id)
) STRICT;
CREATE INDEX events_task ON events (workspace_id, task_id, seq) WHERE task_id IS NOT NULL;
CREATE INDEX events_document ON events (workspace_id, document_id, seq) WHERE document_id IS NOT NULL;
CREATE INDEX events_project ON events (workspace_id, project_id, seq) WHERE project_id IS NOT NULL;
