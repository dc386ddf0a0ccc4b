-- An endpoint's messages wait in two lines: first attempts by their events, whatever the clocks of those who put them there said,
-- and attempts that follow failures by when they are due. What is under way has an index of its own since 0007. A row is in one of
-- the three at a time.
DROP INDEX webhook_messages_due;
CREATE INDEX webhook_messages_first ON webhook_messages (workspace_id, endpoint_id, event_seq)
    WHERE status = 'pending' AND claim IS NULL;
CREATE INDEX webhook_messages_again ON webhook_messages (workspace_id, endpoint_id, next_attempt_at_ms, event_seq)
    WHERE status = 'failed' AND claim IS NULL;
