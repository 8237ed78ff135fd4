-- Messages leave a job of many, each as a job of its own. ARGV[1]: a JSON array of { id, name of the job (`message` when absent), t enqueued at, p priority in the
-- queue, due: 0 for at once, s since when its message is due }; ARGV[2] and on: their data. Nothing happens to those that have left before. ARGV[1] may end
-- with { failed: id }: that job, all of which has left by this, goes from the queue's failed set.
-- Uses queue.lua.

-- A worker that has not heard yet.
if is_left() then return redis.error_reply('ERR the messages of this store lie in others of its channel by now') end

local leaving = cjson.decode(ARGV[1])
for i, each in ipairs(leaving) do
  if each.id then
    add_job({ id = each.id, name = each.name, data = ARGV[i + 1], timestamp = each.t, priority = each.p, due = each.due, since = each.s or 0 })
  end
end
release_jobs()
local last = leaving[#leaving]
if last.failed then drop_failed_job(last.failed) end
return #leaving
