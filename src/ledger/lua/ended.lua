-- Which messages of a job of many are over for it. ARGV[1]: a JSON array of { m message, j job, id of the job that it gets when
-- it leaves }. Answers, for each, 1 if this job's run of it has ended or it has left, 2 if a send of it is in flight or in doubt,
-- or 0; 0 where its record cannot be
-- read, which admission will say of it alone, and where it was cancelled and admission has not counted it.
-- Uses records.lua, queue.lua.

local answer = {}
for i, each in ipairs(cjson.decode(ARGV[1])) do
  local readable, record = pcall(load_life, each.m, each.j)
  local ended = readable and record and is_final(record) and is_of_job(record, each.j) and not is_uncounted(record)
  local sending = readable and record and not is_final(record) and not is_pending(record)
  answer[i] = (ended or job_exists(each.id)) and 1 or sending and 2 or 0
end
return answer
