-- An unchanged answer is the rule, and each index took as much of the file for it as for any other. Nobody looks for such
-- answers by their outcome, their source or their time: only for refusals, for copies and for what one run asked.

DROP INDEX fetches_outcome;
DROP INDEX fetches_elapsed_ms;
DROP INDEX fetches_source;
CREATE INDEX fetches_source ON fetches (source) WHERE source != 'live';
CREATE INDEX fetches_refused ON fetches (outcome) WHERE outcome IN ('forbidden', 'rate_limited', 'challenge', 'login');
DROP INDEX fetches_run_id;
CREATE INDEX fetches_run_id ON fetches (run_id)
