-- Which contest: a year is a year and an edition an edition, and neither can be negative. What was read by subtraction is
-- read again: without `progress` the library begins anew when the archive is opened.

DELETE FROM progress WHERE EXISTS (SELECT 1 FROM series WHERE contest_year < 2021 OR contest_edition < 1)
    OR EXISTS (SELECT 1 FROM articles WHERE contest_year < 2021);
UPDATE series SET contest_year = NULL, contest_edition = NULL
    WHERE contest_year NOT BETWEEN 2008 AND 2107 OR contest_edition NOT BETWEEN 1 AND 99;
UPDATE articles SET contest_year = NULL WHERE contest_year NOT BETWEEN 2008 AND 2107;
