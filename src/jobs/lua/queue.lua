-- What the ledger's scripts do with the jobs of their channel, by BullMQ's layout of a queue: a hash a job, the list `wait`,
-- the sorted sets `prioritized` and `failed`, the counter `pc` of turns within a priority, `de:<id>` for the live job of a
-- message's name, and `marker`, on which idle workers block.

-- What the keys of the channel's queue begin with.
local QUEUE = string.match(LEDGER, '^(.*)ledger$') or ''
local waiting, prioritized = {}, false

-- Adds { id, data, timestamp, priority, message }, `message` being the name to be found by, if it has one of its own. It is
-- taken from `release_jobs` on. Options of a job decide about nothing here.
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

-- Hands the added jobs to the workers, all in one push, and wakes them.
local function release_jobs()
  if #waiting > 0 then redis.call('LPUSH', QUEUE .. 'wait', unpack(waiting)) end
  if #waiting > 0 or prioritized then redis.call('ZADD', QUEUE .. 'marker', 0, '0') end
end

-- Whether BullMQ gave the job up.
local function job_failed(id) return redis.call('ZSCORE', QUEUE .. 'failed', id) end

local function drop_failed_job(id)
  redis.call('ZREM', QUEUE .. 'failed', id)
  redis.call('DEL', QUEUE .. id, QUEUE .. id .. ':logs')
end
