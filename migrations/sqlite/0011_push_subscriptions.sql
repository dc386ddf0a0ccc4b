-- Browsers that want to be told by Web Push (RFC 8030).
--
-- An address of a push service and the keys of the browser there. Whoever logs out on a device hears nothing more on it.
-- `told` has the ids of the deliveries that it took last, so that what is tried again for another browser is not repeated.

CREATE TABLE push_subscriptions (
    id            BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES users (id),
    session_id    BLOB    REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint      TEXT    NOT NULL,
    endpoint_hash BLOB    NOT NULL UNIQUE,
    public_key    BLOB    NOT NULL,
    secret        BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    told          BLOB   NOT NULL
) STRICT;
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id, created_at_ms, id);
CREATE INDEX push_subscriptions_session ON push_subscriptions (session_id);
