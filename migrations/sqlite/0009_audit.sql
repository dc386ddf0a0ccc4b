-- The audit log: who did what to what, when, and from where.
--
-- Entries form a chain for each workspace, and one for the server itself under the id that is all zeros: each holds the hash of the
-- one before it (docs/audit.md says of which bytes). They are never changed and never removed, so nothing refers to them and they
-- refer to nothing.

CREATE TABLE audit_entries (
    workspace_id BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    at_ms        INTEGER NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor_id     BLOB,
    action       TEXT    NOT NULL,
    subject_kind TEXT    NOT NULL,
    subject_id   BLOB,
    address      TEXT,
    user_agent   TEXT,
    request_id   TEXT,
    details      TEXT    NOT NULL,
    event_seq    INTEGER,
    prev_hash    BLOB    NOT NULL,
    hash         BLOB    NOT NULL,
    PRIMARY KEY (workspace_id, seq),
    UNIQUE (id),
    CHECK (seq > 0),
    CHECK (length(prev_hash) = 32 AND length(hash) = 32)
) STRICT;
-- An event has one entry, whatever goes wrong.
CREATE UNIQUE INDEX audit_entries_event ON audit_entries (workspace_id, event_seq) WHERE event_seq IS NOT NULL;

-- Where the chain of a workspace ends, and up to which event it was written. Nothing of it is believed without the chain.
CREATE TABLE audit_heads (
    workspace_id BLOB    NOT NULL PRIMARY KEY,
    seq          INTEGER NOT NULL,
    hash         BLOB,
    event_seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_entries_unchanged BEFORE UPDATE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed or removed');
END;
CREATE TRIGGER audit_entries_unremoved BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed or removed');
END;

-- What has happened until now has no entries.
INSERT INTO audit_heads (workspace_id, seq, hash, event_seq) SELECT workspace_id, 0, NULL, event_seq FROM workspace_sequences;
