-- Adds jobs to the queue from outside. ARGV[1]: a JSON array of jobs as `add_job` takes them, `dueIn` from now instead of
-- `due`. Answers 1 or 0 for each, whether it was added.
-- Uses tables.lua, queue.lua.

local answer = {}
for i, job in ipairs(cjson.decode(ARGV[1])) do
  job.due = job.dueIn and now + job.dueIn
  answer[i] = add_job(job) and 1 or 0
end
release_jobs()
return answer
