-- What a recording begins with, as SHA-256 of its file's header: of one that was never closed, all that the log knows of the file.
-- Recordings that were made before have none.

ALTER TABLE recording ADD COLUMN header BLOB CHECK (header IS NULL OR length(header) = 32);
