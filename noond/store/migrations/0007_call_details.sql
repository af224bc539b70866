-- What a call to a model was about, and the job that made it.
ALTER TABLE agent_observability ADD COLUMN job_id TEXT;
ALTER TABLE agent_observability ADD COLUMN agent_tool TEXT;
ALTER TABLE agent_observability ADD COLUMN user_message TEXT;
ALTER TABLE agent_observability ADD COLUMN agent_response TEXT;
ALTER TABLE agent_observability ADD COLUMN agent_state TEXT;
ALTER TABLE agent_observability ADD COLUMN tool_result TEXT;
ALTER TABLE agent_observability ADD COLUMN intent_category TEXT;
ALTER TABLE agent_observability ADD COLUMN entities TEXT;
CREATE INDEX agent_observability_with_texts ON agent_observability (created_at)
    WHERE coalesce(user_message, agent_response, agent_state, tool_result) IS NOT NULL;

CREATE TEMP TABLE carriers (run_id TEXT PRIMARY KEY, user_id TEXT, job_id TEXT);
INSERT OR REPLACE INTO carriers
SELECT payload ->> 'run_id', user_id, id FROM jobs
 WHERE job_type = 'agent_run' AND payload ->> 'run_id' IS NOT NULL;
UPDATE agent_observability
   SET job_id = (SELECT job_id FROM carriers
                  WHERE carriers.run_id = agent_observability.agent_run_id
                    AND carriers.user_id = agent_observability.user_id)
 WHERE agent_run_id IN (SELECT run_id FROM carriers);
DROP TABLE carriers;
