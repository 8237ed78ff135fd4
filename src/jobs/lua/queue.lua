-- Job operations for the ledger's scripts, by BullMQ's layout of a queue: a hash for each job, the list `wait`, the sorted
-- sets `prioritized` and `failed`, the counter `pc` for the order within a priority, `de:<id>` for the unfinished job of a
-- message id, and `marker`, on which idle workers block.

-- The prefix of the keys of the channel's queue.
local QUEUE = string.match(LEDGER, '^(.*)ledger$') or ''
local waiting, prioritized = {}, false

-- Adds the job { id, data, timestamp, priority, message }; `message` is the id that its producer gave, if any. Workers see
-- the job after `release_jobs`. Herald uses no options of jobs.
local function add_job(job)
  local fields = { 'name', 'message', 'data', job.data, 'opts', '{}', 'timestamp', job.timestamp, 'delay', '0',
    'priority', string.format('%.0f', job.priority) }
  if job.message and redis.call('SET', QUEUE .. 'de:' .. job.message, job.id, 'NX') then
    fields[#fields + 1], fields[#fields + 2] = 'deid', job.message
  end
  redis.call('HSET', QUEUE .. job.id, unpack(fields))
  if job.priority > 0 then
    local turn = redis.call('INCR', QUEUE .. 'pc') % 0x100000000
    redis.call('ZADD', QUEUE .. 'prioritized', string.format('%.0f', job.priority * 0x100000000 + turn), job.id)
    prioritized = true
  else
    waiting[#waiting + 1] = job.id
  end
end

-- Makes the added jobs available to workers, in one push, and wakes idle workers.
local function release_jobs()
  if #waiting > 0 then redis.call('LPUSH', QUEUE .. 'wait', unpack(waiting)) end
  if #waiting > 0 or prioritized then redis.call('ZADD', QUEUE .. 'marker', 0, '0') end
end

-- Whether BullMQ failed the job.
local function job_failed(id) return redis.call('ZSCORE', QUEUE .. 'failed', id) end

local function drop_failed_job(id)
  redis.call('ZREM', QUEUE .. 'failed', id)
  redis.call('DEL', QUEUE .. id, QUEUE .. id .. ':logs')
end
