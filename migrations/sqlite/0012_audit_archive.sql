-- Old entries of the audit log leave the database for segments, and what is left is found by what is asked for.
--
-- A segment holds consecutive entries, in the bytes of an export, compressed (docs/audit.md). Its row is written by the transaction
-- that removes them, after its bytes are on stable storage. Segments follow each other from entry 1 without a gap.

CREATE TABLE audit_segments (
    workspace_id   BLOB    NOT NULL,
    first_seq      INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL,
    -- The earliest and the latest time of an entry in it.
    first_at_ms    INTEGER NOT NULL,
    last_at_ms     INTEGER NOT NULL,
    -- The hash before its first entry, and that of its last.
    prev_hash      BLOB    NOT NULL,
    last_hash      BLOB    NOT NULL,
    archived_at_ms INTEGER NOT NULL,
    size_bytes     INTEGER NOT NULL,
    checksum       BLOB    NOT NULL,
    blob_key       BLOB,
    inline_bytes   BLOB,
    PRIMARY KEY (workspace_id, last_seq),
    UNIQUE (workspace_id, first_seq),
    CHECK (0 < first_seq AND first_seq <= last_seq),
    CHECK (length(prev_hash) = 32 AND length(last_hash) = 32),
    CHECK ((inline_bytes IS NULL) <> (blob_key IS NULL))
) STRICT;

CREATE TRIGGER audit_segments_unchanged BEFORE UPDATE ON audit_segments
BEGIN
    SELECT RAISE(ABORT, 'segments of the audit log are never changed or removed');
END;
CREATE TRIGGER audit_segments_unremoved BEFORE DELETE ON audit_segments
BEGIN
    SELECT RAISE(ABORT, 'segments of the audit log are never changed or removed');
END;

-- An entry is removed only when a segment has it.
DROP TRIGGER audit_entries_unremoved;
CREATE TRIGGER audit_entries_unremoved BEFORE DELETE ON audit_entries
WHEN OLD.seq > (SELECT COALESCE(max(s.last_seq), 0) FROM audit_segments s WHERE s.workspace_id = OLD.workspace_id)
BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed or removed');
END;

-- One for each filter. The order of a page is that of the chain.
CREATE INDEX audit_entries_actor ON audit_entries (workspace_id, actor_id, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entries_subject ON audit_entries (workspace_id, subject_id, seq) WHERE subject_id IS NOT NULL;
-- Every entry has an action. SQLite believes that an index with a condition is small, and else prefers the order of the chain to it.
CREATE INDEX audit_entries_action ON audit_entries (workspace_id, action, seq) WHERE action IS NOT NULL;
CREATE INDEX audit_entries_time ON audit_entries (workspace_id, at_ms, seq);

-- The latest time of an entry, and by how much one was ever written behind a later one: so a time is found in the chain, whose order is
-- that of the commits.
ALTER TABLE audit_heads ADD COLUMN latest_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_heads ADD COLUMN late_ms INTEGER NOT NULL DEFAULT 0;
UPDATE audit_heads SET
    latest_ms = COALESCE((SELECT max(a.at_ms) FROM audit_entries a WHERE a.workspace_id = audit_heads.workspace_id), 0),
    late_ms = COALESCE((
        SELECT max(o.latest_ms - o.at_ms) FROM (
            SELECT a.at_ms AS at_ms, max(a.at_ms) OVER (ORDER BY a.seq) AS latest_ms
            FROM audit_entries a WHERE a.workspace_id = audit_heads.workspace_id
        ) o
    ), 0);
