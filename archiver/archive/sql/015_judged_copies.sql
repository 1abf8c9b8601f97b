-- By which law a copy was judged: what it refused is not asked for again, until there is another law.

ALTER TABLE copies ADD COLUMN judged_by TEXT; -- by which parser, law and bound of bytes it was judged; empty while its bytes were not had
UPDATE copies SET judged_by = 'an earlier version' WHERE outcome IS NOT NULL;
