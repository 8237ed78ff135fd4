-- Says which messages of a job of many the job need not deliver any more. ARGV[1]: a JSON array of { m message, j job, id of the job
-- that it gets when it leaves }. Answers for each
--   1  this job's run of it has ended, or it has left for a job of its own
--   2  a send of it is in flight or in doubt
--   0  it is to be delivered, or only admission can tell: its record cannot be read, or it was cancelled and is still to be counted
-- Uses records.lua, queue.lua.

local answer = {}
for i, each in ipairs(cjson.decode(ARGV[1])) do
  local readable, record = pcall(load_life, each.m, each.j)
  local ended = readable and record and is_final(record) and is_of_job(record, each.j) and not is_uncounted(record)
  local sending = readable and record and not is_final(record) and not is_pending(record)
  answer[i] = (ended or job_exists(each.id)) and 1 or sending and 2 or 0
end
return answer
