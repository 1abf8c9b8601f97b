-- Numbers over time are asked for by page, and a page has few: the date need not stand in the index once more.

DROP INDEX metrics_page_id;
CREATE INDEX metrics_page_id ON metrics (page_id)
