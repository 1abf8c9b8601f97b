-- A source can be taken back. The config is the truth for the sources that it names; those of the command line, and all of
-- which nobody knows who named them, are kept until they are taken back.

ALTER TABLE sources ADD COLUMN named_by TEXT NOT NULL DEFAULT 'command' CHECK (named_by IN ('config', 'command')); -- who asked for it: the config, which may drop it, or the command line (command)
ALTER TABLE sources ADD COLUMN dropped_at TEXT; -- since when it is asked no more; empty while it is asked
DELETE FROM progress WHERE name = 'settled' AND EXISTS (SELECT 1 FROM sources WHERE kind = 'article');
