-- Who asks to see a document that they do not see, and how often somebody asked today.

-- One row for a person and a document. Open until it is declined or they see the document; the row of one that was declined stays for a
-- while, so that asking again tells nobody. `message` is what they say to those who may share it.
CREATE TABLE access_requests (
    workspace_id   BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    document_id    BLOB    NOT NULL,
    user_id        BLOB    NOT NULL,
    message        TEXT    NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    declined_at_ms INTEGER,
    PRIMARY KEY (workspace_id, document_id, user_id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX access_requests_user ON access_requests (workspace_id, user_id);
CREATE INDEX access_requests_old ON access_requests (created_at_ms);

-- When somebody was let in or declined, nobody else has to decide it any more.
CREATE INDEX notifications_access ON notifications (workspace_id, thread_key) WHERE kind = 'access_requested';

-- How often somebody asked on a day (counted from 1970, UTC), whether there is such a document or not. It is theirs in all workspaces.
CREATE TABLE access_request_counts (
    user_id BLOB    NOT NULL PRIMARY KEY REFERENCES users (id),
    day     INTEGER NOT NULL,
    asked   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
