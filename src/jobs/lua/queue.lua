-- Job operations for the ledger's scripts, by BullMQ's layout of a queue: a hash for each job, the list `wait`, the sorted
-- sets `prioritized`, `delayed` and `failed`, the counter `pc` for the order within a priority, and `marker`, on which idle
-- workers block.
-- Uses tables.lua, channel.lua, waits.lua.

-- The prefix of the keys of the channel's queue.
local QUEUE = string.match(LEDGER, '^(.*)ledger$') or ''
local waiting, prioritized, ready, delayed = {}, {}, false, false

-- BullMQ's score of a delayed job: the instant in the upper bits, and in the lower twelve a counter for the order of
-- those that are due together.
local function delayed_score(due)
  local first = due * 0x1000
  local last = redis.call('ZREVRANGEBYSCORE', QUEUE .. 'delayed', string.format('%.0f', first + 0xfff),
    string.format('%.0f', first), 'WITHSCORES', 'LIMIT', 0, 1)[2]
  return last and math.min(tonumber(last) + 1, first + 0xfff) or first
end

-- The gauges show messages, but the queue counts jobs. So the messages of a job of many beyond the first are counted here as `more`,
-- until the job is over (`DEL` in pick-up.lua). The id of a job says whether it is one of many.
local function change_more(by)
  local more = figure(redis.call('HGET', CHANNEL, 'more')) + by
  redis.call('HSET', CHANNEL, 'more', string.format('%.0f', more))
end

local function count_more(job, wait)
  change_more(job.messages - 1)
  if wait > 0 then note_wait('more', job.due, job.messages - 1, job.due) end
end

-- Some messages of a job of many have ended or left: `messages` are still in it. `due`: when it comes back, where it is delayed.
local function recount_job(id, messages, due)
  local counted = redis.call('HGET', QUEUE .. id, 'herald:more')
  if not counted then return end
  redis.call('HSET', QUEUE .. id, 'herald:more', string.format('%.0f', messages - 1))
  change_more(messages - 1 - figure(counted))
  if due and due > now then note_wait('more', due, messages - 1, due) end
end

-- Whether no job is left.
local function is_queue_empty()
  return redis.call('EXISTS', QUEUE .. 'wait', QUEUE .. 'prioritized', QUEUE .. 'delayed', QUEUE .. 'active') == 0
end

-- Whether the number of the channel's shards was changed, and its messages lie in other stores by now (adopt.lua).
local function is_left() return string.find(redis.call('GET', POLICY) or '', 'moved to %d+ shards?$') ~= nil end

-- How many messages `count_more` has counted, and how many of them are in jobs that workers have in hand.
local MOST_ACTIVE = 1000
local function more_messages()
  local active, jobs = 0, redis.call('LRANGE', QUEUE .. 'active', 0, MOST_ACTIVE - 1)
  for _, id in ipairs(jobs) do
    if string.find(id, '^[ec]%d+_') then active = active + figure(redis.call('HGET', QUEUE .. id, 'herald:more')) end
  end
  local total = figure(redis.call('HGET', CHANNEL, 'more'))
  -- Jobs that others than workers removed were not taken off. An empty queue shows that.
  if total ~= 0 and is_queue_empty() then
    redis.call('HDEL', CHANNEL, 'more')
    total = 0
  end
  return total, active
end

-- The text of a whole number. Most are the same few in a call, and a text takes long to make.
local whole
do
  local texts = {}
  function whole(number)
    local text = texts[number] or string.format('%.0f', number)
    texts[number] = text
    return text
  end
end

local function place(job)
  if job.wait > 0 then
    redis.call('ZADD', QUEUE .. 'delayed', string.format('%.0f', delayed_score(now + job.wait)), job.id)
    delayed = true
  elseif job.priority > 0 then
    prioritized[#prioritized + 1] = job
  else
    waiting[#waiting + 1] = job.id
  end
end

-- What `place` has collected goes into the lists, in one push each.
local function push_placed()
  if #waiting > 0 then redis.call('LPUSH', QUEUE .. 'wait', unpack(waiting)) end
  if #prioritized > 0 then
    local turn, members = redis.call('INCRBY', QUEUE .. 'pc', #prioritized) - #prioritized, {}
    for i, job in ipairs(prioritized) do
      members[2 * i - 1] = string.format('%.0f', job.priority * 0x100000000 + (turn + i) % 0x100000000)
      members[2 * i] = job.id
    end
    redis.call('ZADD', QUEUE .. 'prioritized', unpack(members))
  end
  ready = ready or #waiting + #prioritized > 0
  waiting, prioritized = {}, {}
end

local function job_exists(id) return redis.call('EXISTS', QUEUE .. id) == 1 end

-- Of jobs to be added those whose ids there are not, each once.
local function unknown_jobs(jobs)
  local keys, taken, unknown = {}, {}, {}
  for i, job in ipairs(jobs) do keys[i] = QUEUE .. job.id end
  local none_exist = redis.call('EXISTS', unpack(keys)) == 0
  for _, job in ipairs(jobs) do
    if not taken[job.id] and (none_exist or not job_exists(job.id)) then unknown[#unknown + 1] = job end
    taken[job.id] = true
  end
  return unknown
end

local function write_job(job)
  local fields = { 'name', job.name or 'message', 'data', job.data, 'opts', '{}', 'timestamp', job.timestamp,
    'delay', whole(job.wait), 'priority', whole(job.priority) }
  if (job.messages or 1) > 1 then
    fields[#fields + 1], fields[#fields + 2] = 'herald:more', whole(job.messages - 1)
    count_more(job, job.wait)
  end
  local since = job.since or job.due or 0
  if since > figure(job.timestamp) then
    fields[#fields + 1], fields[#fields + 2] = 'herald:due', whole(since)
  end
  redis.call('HSET', QUEUE .. job.id, unpack(fields))
end

-- Adds jobs, and returns how many were added. Does nothing where a job of that id exists, as BullMQ does, so that a call may be
-- repeated. Idle workers see them after `release_jobs`. A job is { id, name (`message` when absent), data, timestamp,
--   priority   in the queue
--   due        the instant, in whole milliseconds, before which it is not picked up; 0 or absent: none
--   since      from when on its message is waited for, where that is neither `timestamp` nor `due`
--   messages   how many it has; 1 when absent }
-- Herald uses no options of jobs.
local function add_jobs(jobs)
  if #jobs == 0 then return 0 end
  local unknown = unknown_jobs(jobs)
  for _, job in ipairs(unknown) do
    job.wait = math.max(0, (job.due or 0) - now)
    place(job)
  end
  push_placed()
  -- The jobs' hashes come last: a script that fails here must not leave a job that is in no list.
  for _, job in ipairs(unknown) do write_job(job) end
  return #unknown
end

local function add_job(job) return add_jobs({ job }) == 1 end

-- Where the delayed jobs begin that come behind the last one of a page. They are found by its score, since jobs before it may be added or
-- leave meanwhile. Where its place among those of the same score has changed, they begin with the first of these.
local function begin_behind(last)
  local first = redis.call('ZCOUNT', QUEUE .. 'delayed', '(' .. last.score, '+inf')
  local at = first + last.place
  return redis.call('ZREVRANGE', QUEUE .. 'delayed', at, at)[1] == last.id and at + 1 or first
end

-- A page of the jobs that are delayed beyond an instant, the farthest first, and its last one as the next page wants it (`last`). Jobs
-- that become due, are moved or are added between two pages hide none of the others; some may come twice.
local function delayed_beyond(due, count, last)
  local beyond = redis.call('ZCOUNT', QUEUE .. 'delayed', string.format('%.0f', (due + 1) * 0x1000), '+inf')
  local from = last and begin_behind(last) or 0
  if from >= beyond then return {} end
  local ids = redis.call('ZREVRANGE', QUEUE .. 'delayed', from, math.min(from + count, beyond) - 1)
  local score = redis.call('ZSCORE', QUEUE .. 'delayed', ids[#ids])
  local first = redis.call('ZCOUNT', QUEUE .. 'delayed', '(' .. score, '+inf')
  return ids, { id = ids[#ids], score = score, place = from + #ids - 1 - first }
end

-- The messages of a job of many beyond the first wait for another second than before.
local function move_more(id, from, to)
  local more = figure(redis.call('HGET', QUEUE .. id, 'herald:more'))
  if more <= 0 then return end
  note_wait('more', from, -more, from)
  if to > now then note_wait('more', to, more, to) end
end

-- Makes a job that is delayed beyond an instant due at that instant. Workers see it after `release_jobs`.
local function bring_forward(id, due)
  local score = redis.call('ZSCORE', QUEUE .. 'delayed', id)
  if not score or tonumber(score) < (due + 1) * 0x1000 then return end
  redis.call('ZADD', QUEUE .. 'delayed', string.format('%.0f', delayed_score(due)), id)
  move_more(id, math.floor(score / 0x1000), due)
  if figure(redis.call('HGET', QUEUE .. id, 'herald:due')) > due then
    redis.call('HSET', QUEUE .. id, 'herald:due', string.format('%.0f', due))
  end
  delayed = true
end

-- An idle worker sleeps until the first delayed job is due: the marker tells it the instant.
local function mark_first_delayed()
  local score = redis.call('ZRANGE', QUEUE .. 'delayed', 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', QUEUE .. 'marker', string.format('%.0f', math.floor(tonumber(score) / 0x1000)), '1')
end

-- To be called at the end: wakes idle workers.
local function release_jobs()
  if ready then redis.call('ZADD', QUEUE .. 'marker', 0, '0') end
  if delayed then mark_first_delayed() end
  save_waits()
end

-- Whether BullMQ failed the job.
local function job_failed(id) return redis.call('ZSCORE', QUEUE .. 'failed', id) end

local function drop_failed_job(id)
  recount_job(id, 1)
  redis.call('ZREM', QUEUE .. 'failed', id)
  redis.call('DEL', QUEUE .. id, QUEUE .. id .. ':logs')
end
