-- How long its author has written, as the list says: of a series that lists nothing it tells that there was something once.

ALTER TABLE series ADD COLUMN contest_days INTEGER CHECK (contest_days >= 0); -- how many days the site says it was written for (參賽天數); empty when it was completed
DELETE FROM progress
