-- What is under way to endpoints, and what was under way when its server died: it goes before everything that waits, and is found
-- without looking through that.
CREATE INDEX webhook_messages_claimed ON webhook_messages (workspace_id, endpoint_id, next_attempt_at_ms) WHERE claim IS NOT NULL;
