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

UPDATE agent_observability SET job_id = jobs.id
  FROM jobs
 WHERE jobs.user_id = agent_observability.user_id AND jobs.job_type = 'agent_run'
   AND jobs.payload ->> 'run_id' = agent_observability.agent_run_id;
