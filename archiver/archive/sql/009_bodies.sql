-- The same bytes are stored once, whatever addresses they came from.

ALTER TABLE captures ADD COLUMN body_capture_id INTEGER REFERENCES captures (id); -- the capture that holds these bytes, where they had come before; then body is empty here
CREATE INDEX captures_body_capture_id ON captures (body_capture_id);
