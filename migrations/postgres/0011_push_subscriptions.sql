-- Browsers that want to be told by Web Push (RFC 8030).
--
-- An address of a push service and the keys of the browser there. Whoever logs out on a device hears nothing more on it.
-- `told` has the ids of the deliveries that it took last, so that what is tried again for another browser is not repeated.

CREATE TABLE push_subscriptions (
    id            uuid   NOT NULL PRIMARY KEY,
    user_id       uuid   NOT NULL REFERENCES users (id),
    session_id    uuid   REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint      text   NOT NULL,
    endpoint_hash bytea  NOT NULL UNIQUE,
    public_key    bytea  NOT NULL,
    secret        bytea  NOT NULL,
    created_at_ms bigint NOT NULL,
    used_at_ms    bigint,
    told          bytea  NOT NULL
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id, created_at_ms, id);
CREATE INDEX push_subscriptions_session ON push_subscriptions (session_id);
