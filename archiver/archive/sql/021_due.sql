-- What is due is found by an index, however much is held that is not.

CREATE INDEX pages_kind_due_at ON pages (kind, due_at);
CREATE INDEX pages_kind_last_fetch_at ON pages (kind, last_fetch_at);
CREATE INDEX pages_absent ON pages (kind) WHERE absent_since IS NOT NULL;
CREATE INDEX pages_refused ON pages (kind) WHERE last_outcome IN ('challenge', 'forbidden', 'login', 'rate_limited');
CREATE INDEX mentions_gone ON mentions (name_id) WHERE gone_at IS NOT NULL AND via IN ('series', 'feed')
