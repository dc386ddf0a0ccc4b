-- What an endpoint may say besides: headers that it wants to be asked with, a pair of keys of its own, and how quickly it wants
-- to be asked.
--
-- `header_names` is between commas and shown; `headers` has the values, sealed. `public_key` is that of the key that counts, if
-- messages are signed with one; `signing_keys` are its private halves, sealed. `rate_limit` is in attempts a second; those that
-- were begun are paced until `paced_until_us`, in microseconds since 1970.
ALTER TABLE webhook_endpoints ADD COLUMN header_names TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN headers BLOB;
ALTER TABLE webhook_endpoints ADD COLUMN public_key TEXT;
ALTER TABLE webhook_endpoints ADD COLUMN signing_keys BLOB;
ALTER TABLE webhook_endpoints ADD COLUMN rate_limit INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN paced_until_us INTEGER NOT NULL DEFAULT 0;
