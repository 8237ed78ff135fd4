-- Completes jobs and picks up others in their place, as BullMQ's script does with one job: comes behind pick-up.lua. What holds for all is
-- asked once a call. What is rare is left to BullMQ's own scripts, and the answer says so.
-- KEYS: wait, active, prioritized, events, stalled, limiter, delayed, meta, marker and pc of the queue.
-- ARGV: the prefix of the jobs' keys, the instant, the duration of a lock, BullMQ's limit of a worker; then, for each job, its id, its token
-- and whether another is to be picked up ('1').
-- Answers for each, in their order: one of BullMQ's error codes; or DONE, with the id and the fields of the next job where one was picked up;
-- or another of the codes below. An error fails only its own job.
local DONE, UNUSUAL, ASK, EMPTY = 0, 1, 2, 3
-- As much data is picked up by a call, more or less: it holds the store meanwhile.
local MOST_BYTES = 2 * 1024 * 1024
local MOST_ACTIVE = 1000
local wait, active, prioritized, events, stalled, limiter, delayed, meta, marker, order = unpack(KEYS)
local prefix, now, lock_ms, limit = unpack(ARGV, 1, 4)
local settings = redis.call('HMGET', meta, 'paused', 'concurrency', 'max', 'opts.maxLenEvents')
-- A store that takes no writes refuses the call here, as a whole, and its client sees that (reconnect.ts).
redis.call('XTRIM', events, 'MAXLEN', '~', settings[4] or 10000)

-- UNUSUAL: nothing was done, since only BullMQ knows how a job with a deduplication id ends.
local finished = {}
local function finish(id, token)
  local key = prefix .. id
  local known = redis.call('HMGET', key, 'timestamp', 'deid')
  if known[2] then return UNUSUAL end
  if not known[1] and redis.call('EXISTS', key) == 0 then return -1 end
  local held = redis.call('GET', key .. ':lock')
  if held ~= token then return held and -6 or -2 end
  finished[#finished + 1] = id
  if redis.call('LREM', active, -1, id) == 0 then
    redis.call('DEL', key .. ':lock')
    return -3
  end
  redis.call('DEL', key, key .. ':lock', key .. ':logs', key .. ':dependencies', key .. ':processed',
    key .. ':failed', key .. ':unsuccessful')
  redis.call('XADD', events, '*', 'event', 'completed', 'jobId', id, 'returnvalue', 'null', 'prev', 'active')
  return DONE
end

-- When the next delayed job is due; nil without one.
local function next_due()
  local score = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  return score and math.floor(tonumber(score) / 0x1000)
end

-- Puts the delayed jobs that are due in line.
local function promote()
  local last = string.format('%.0f', (now + 1) * 0x1000 - 1)
  local ids = redis.call('ZRANGEBYSCORE', delayed, 0, last, 'LIMIT', 0, 1000)
  redis.call('ZREM', delayed, unpack(ids))
  for _, id in ipairs(ids) do
    local priority = tonumber(redis.call('HGET', prefix .. id, 'priority')) or 0
    if priority == 0 then
      redis.call('LPUSH', wait, id)
    else
      local score = priority * 0x100000000 + redis.call('INCR', order) % 0x100000000
      redis.call('ZADD', prioritized, string.format('%.0f', score), id)
    end
    redis.call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
    redis.call('HSET', prefix .. id, 'delay', 0)
  end
end

-- Not from a queue that is paused, rests or has a limit.
local due
local function may_pick_up()
  if settings[1] or settings[2] or settings[3] then return false end
  if (tonumber(redis.call('GET', limiter)) or 0) >= tonumber(limit) then return false end
  due = next_due()
  if due == nil or due > tonumber(now) then return true end
  promote()
  due = next_due()
  redis.call('ZADD', marker, 0, '0')
  return true
end

local function next_id()
  local id = redis.call('RPOPLPUSH', wait, active)
  if id then return id end
  id = redis.call('ZPOPMIN', prioritized)[1]
  if id then redis.call('LPUSH', active, id) end
  return id
end

-- ASK: another may be there, and BullMQ's script has to pick it up. EMPTY: there is none until the instant that comes with it.
local allowed, marked
local bytes = 0
local function pick_up(token)
  if allowed == nil then allowed = may_pick_up() end
  if not allowed or bytes > MOST_BYTES then return { ASK } end
  local id = next_id()
  if not id then return { EMPTY, due or 0 } end
  -- A marker of BullMQ's earlier versions.
  if string.sub(id, 1, 2) == '0:' then
    redis.call('LREM', active, 1, id)
    return { ASK }
  end
  local key = prefix .. id
  redis.call('SET', key .. ':lock', token, 'PX', lock_ms)
  redis.call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
  local fields = redis.call('HGETALL', key)
  local pickups = (tonumber(string.match(fields[PICKUPS_AT] or '', '^%d+$')) or 0) + 1
  fields[PICKUPS_AT] = string.format('%.0f', pickups)
  redis.call('HSET', key, 'processedOn', now, 'ats', fields[PICKUPS_AT])
  -- Another worker looks for a further one.
  if not marked then redis.call('ZADD', marker, 0, '0') end
  marked = true
  bytes = bytes + #fields[DATA_AT]
  return { DONE, id, fields }
end

-- The job that was picked up with this token; nil if there is none.
local by_token
local function held_by(token)
  if not by_token then
    by_token = {}
    for _, id in ipairs(redis.call('LRANGE', active, 0, MOST_ACTIVE - 1)) do
      local held = redis.call('GET', prefix .. id .. ':lock')
      if held then by_token[held] = id end
    end
  end
  return by_token[token]
end

local function tell_if_drained()
  if redis.call('LLEN', wait) + redis.call('LLEN', active) + redis.call('ZCARD', prioritized) > 0 then return end
  redis.call('XADD', events, '*', 'event', 'drained')
end

local function answer(id, token, wants_next)
  local code = finish(id, token)
  -- Where the answer was lost with the connection, the call is repeated: the job is gone, and the next one is this worker's.
  local next_job = code == -1 and held_by(token)
  if next_job and next_job ~= id then return { DONE, next_job, redis.call('HGETALL', prefix .. next_job) } end
  if code ~= DONE then return { code } end
  if wants_next ~= '1' then
    tell_if_drained()
    return { DONE }
  end
  local ok, picked_up = pcall(pick_up, token)
  -- The job is done, whatever is wrong with the next one.
  if not ok then return { ASK } end
  -- As BullMQ: a queue that has delayed jobs is not drained.
  if picked_up[1] == EMPTY and not due then tell_if_drained() end
  return picked_up
end

local answers = {}
for at = 5, #ARGV, 3 do
  local ok, said = pcall(answer, unpack(ARGV, at, at + 2))
  if not ok and type(said) ~= 'table' then said = { err = tostring(said) } end
  answers[#answers + 1] = said
end
-- Who is left in this set by mistake is looked for in vain, so an error may not fail what was done.
if #finished > 0 then redis.pcall('SREM', stalled, unpack(finished)) end
return answers
