-- The oldest of the jobs that are ready, by when they became due. No list is in that order: what comes back from a wait goes behind
-- what was enqueued meanwhile, and priorities go before age. Of each list up to three hundred jobs are looked at: all of a short one; of
-- a long one both ends, the first of each priority, and places spread over the rest that move with every call. The oldest is
-- remembered until it has gone, so that it is not lost sight of.
-- Uses tables.lua, channel.lua, queue.lua.

local find_oldest_ready
do
  local MOST_LOOKED_AT, ENDS, RUNS, RUN = 300, 75, 15, 10
  local MOST_FOUND = 3
  local found = {}

  local function look_at(id)
    local job = redis.call('HMGET', QUEUE .. id, 'timestamp', 'herald:due')
    local since = math.max(figure(job[1]), figure(job[2]))
    if since <= 0 or since == math.huge then return end
    for _, other in ipairs(found) do
      if other.id == id then return end
    end
    local at = 1
    while found[at] and found[at].since <= since do at = at + 1 end
    if at <= MOST_FOUND then table.insert(found, at, { id = id, since = since }) end
    found[MOST_FOUND + 1] = nil
  end

  local function look_through(command, key, from, to)
    for _, id in ipairs(redis.call(command, key, from, to)) do look_at(id) end
  end

  local function walk(command, key, length)
    if length <= MOST_LOOKED_AT then return look_through(command, key, 0, -1) end
    look_through(command, key, 0, ENDS - 1)
    look_through(command, key, -ENDS, -1)
    local stride = math.floor((length - 2 * ENDS) / RUNS)
    local shift = math.floor(now / 1000) * RUN % stride
    for i = 0, RUNS - 1 do
      local from = ENDS + i * stride + shift
      look_through(command, key, from, from + RUN - 1)
    end
  end

  -- Twice the priority of a message, and one more for a job of many.
  local LOWEST_PRIORITY = 21
  local function look_at_priorities(key)
    for priority = 0, LOWEST_PRIORITY do
      local first = string.format('%.0f', priority * 0x100000000)
      local last = string.format('%.0f', (priority + 1) * 0x100000000 - 1)
      local ids = redis.call('ZRANGEBYSCORE', key, first, last, 'LIMIT', 0, 1)
      if ids[1] then look_at(ids[1]) end
    end
  end

  local function is_ready(id)
    return job_exists(id) and not job_failed(id) and not redis.call('ZSCORE', QUEUE .. 'delayed', id)
      and not redis.call('LPOS', QUEUE .. 'active', id)
  end

  -- A store that takes no writes is looked through without a memory.
  local function remember(before)
    local oldest = found[1] and found[1].id
    if oldest == before then return end
    if oldest then redis.pcall('HSET', CHANNEL, 'oldestReady', oldest)
    else redis.pcall('HDEL', CHANNEL, 'oldestReady') end
  end

  -- Whether the job says since when it is due. Of another producer's, its data may have a `sendAt`.
  local function is_own(id) return string.find(id, '^m_') or string.find(id, '^[ec]%d+_') end

  -- A list of { id, since, 1 where it is due since then } of the oldest, in order.
  function find_oldest_ready()
    local wait, paused = redis.call('LLEN', QUEUE .. 'wait'), redis.call('LLEN', QUEUE .. 'paused')
    local prioritized = redis.call('ZCARD', QUEUE .. 'prioritized')
    local before = redis.call('HGET', CHANNEL, 'oldestReady') or false
    -- Where all are looked at, what is not among them is in no list: its job was taken out by other hands than a worker's.
    local is_long = math.max(wait, paused, prioritized) > MOST_LOOKED_AT
    if before and is_long and is_ready(before) then look_at(before) end
    walk('LRANGE', QUEUE .. 'wait', wait)
    walk('LRANGE', QUEUE .. 'paused', paused)
    walk('ZRANGE', QUEUE .. 'prioritized', prioritized)
    if prioritized > MOST_LOOKED_AT then look_at_priorities(QUEUE .. 'prioritized') end
    remember(before)
    local answer = {}
    for i, job in ipairs(found) do
      answer[i] = { job.id, string.format('%.0f', job.since), is_own(job.id) and 1 or 0 }
    end
    return answer
  end
end
