-- Messages leave a job of many, each for a job of its own. Nothing happens to those that have left before.
-- ARGV[1]: a JSON array of their jobs, { id, name (`message` when absent), t enqueued at, p priority in the queue, due (0: at once),
--   s since when the message is due }; of a message that comes from another store also { m message, j its job as a hash, e when it
--   expires, b the instant before which it is not sent (0: by its data) }. The array may end with { failed: id }: all messages of that
--   job have left by this call, so that it is removed from the queue's failed set.
-- ARGV[2] and on: the data of the jobs.
-- Uses records.lua, queue.lua.

-- This worker has not heard yet that the number of shards was changed.
if is_left() then return redis.error_reply('ERR the messages of this store lie in others of its channel by now') end

-- Enlists a message of another store, so that it can be cancelled and rescheduled here from now on. What is known of it decides: it
-- came before, or is another one of this id. One whose id may be used again is new. A record that cannot be read stays as it is, and must
-- not fail the others: admission will fail for its message alone.
local function enlist(message)
  local readable, known = pcall(load_life, message.m, message.j)
  if known or not readable then return end
  local record = enlisted_record(message.e + DAY, 1, message.j)
  record.not_before = message.b
  save_record(message.m, record)
end

local leaving, jobs = cjson.decode(ARGV[1]), {}
for i, each in ipairs(leaving) do
  if each.id then
    jobs[#jobs + 1] = { id = each.id, name = each.name, data = ARGV[i + 1], timestamp = each.t, priority = each.p, due = each.due,
      since = each.s or 0 }
  end
end
add_jobs(jobs)
for _, each in ipairs(leaving) do
  if each.m then enlist(each) end
end
release_jobs()
local last = leaving[#leaving]
if last.failed then drop_failed_job(last.failed) end
return #leaving
