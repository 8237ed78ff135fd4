-- How many messages wait for what, and since when the oldest of them does: the gauges need this, and the queue cannot tell. A message
-- waits until the second in which it is due. There are three structures, so that a sample reads a few figures, however many seconds
-- there are:
--   WAITS_DUE          what waits for each second: `kind:second` -> `count:oldest`
--   WAITS              the sums by kind
--   waits_since(kind)  the seconds, sorted by the oldest message that waits for each
-- Uses tables.lua, channel.lua.

-- A script may have two hundred local names at its top (a limit of Lua), so what only this file uses is local to the block.
local note_wait, save_waits, read_waits
do
  -- A call adds up what it changes, and writes it at its end in a few commands.
  local wait_changes = {}

  -- So many more `messages` wait until `due`; fewer, if the number is below zero.
  function note_wait(kind, due, messages, since)
    local second = math.ceil(due / 1000)
    local field = string.format('%s:%.0f', kind, second)
    local change = wait_changes[field] or { kind = kind, second = second, messages = 0, since = math.huge }
    wait_changes[field] = change
    change.messages, change.since = change.messages + messages, math.min(change.since, since)
  end

  local function read_wait(text)
    local count, oldest = string.match(text or '', '^(%d+):(%d+)$')
    return tonumber(count or 0), tonumber(oldest) or math.huge
  end

  -- The writes of a call, collected: fields of WAITS_DUE to set and to delete, and by kind changes of the sums, seconds to add, and
  -- seconds that are over.
  local function new_wait_writes()
    return { set = {}, gone = {}, sums = {}, since = {}, over = {} }
  end

  local function append(lists, key, ...)
    local list = lists[key] or {}
    lists[key] = list
    for _, value in ipairs({ ... }) do list[#list + 1] = value end
  end

  local function collect_wait(writes, field, kind, second, before, after, oldest)
    writes.sums[kind] = (writes.sums[kind] or 0) + after - before
    if after > 0 then
      append(writes, 'set', field, string.format('%.0f:%.0f', after, oldest))
      append(writes.since, kind, string.format('%.0f', oldest), string.format('%.0f', second))
    else
      append(writes, 'gone', field)
      append(writes.over, kind, string.format('%.0f', second))
    end
  end

  -- The sums come first: a full store refuses them, but would not refuse the deletions, and the two would no longer agree.
  local function write_waits(writes)
    for kind, by in pairs(writes.sums) do
      if by ~= 0 then add_count(WAITS, kind, string.format('%.0f', by)) end
    end
    if #writes.set > 0 then redis.call('HSET', WAITS_DUE, unpack(writes.set)) end
    if #writes.gone > 0 then redis.call('HDEL', WAITS_DUE, unpack(writes.gone)) end
    for kind, pairs_of in pairs(writes.since) do redis.call('ZADD', waits_since(kind), unpack(pairs_of)) end
    for kind, seconds in pairs(writes.over) do redis.call('ZREM', waits_since(kind), unpack(seconds)) end
  end

  -- The field of WAITS_DUE with the last second that has been taken off the sums.
  local SWEPT = 'swept'

  function save_waits()
    local changes, fields = {}, { SWEPT }
    for field, change in pairs(wait_changes) do
      -- What is due already waits no longer: added now, it might never be taken off again.
      if change.second * 1000 > now then changes[#changes + 1], fields[#fields + 1] = change, field end
    end
    wait_changes = {}
    if #changes == 0 then return end
    local held, writes = redis.call('HMGET', WAITS_DUE, unpack(fields)), new_wait_writes()
    if not held[1] then append(writes, 'set', SWEPT, string.format('%.0f', math.floor(now / 1000))) end
    for i, change in ipairs(changes) do
      local before, oldest = read_wait(held[i + 1])
      local after = math.max(0, before + change.messages)
      if after ~= before then
        collect_wait(writes, fields[i + 1], change.kind, change.second, before, after, math.min(oldest, change.since))
      end
    end
    write_waits(writes)
  end

  -- Takes what is due off the sums. Samples come every few seconds. After a day without any, several of them catch up, so that none
  -- takes more than a few milliseconds.
  local MOST_SWEPT, SWEPT_AT_ONCE = 4000, 500
  local function sweep_waits(kinds)
    local last = math.floor(now / 1000)
    local swept = tonumber(redis.call('HGET', WAITS_DUE, SWEPT) or last) or last
    local to = math.min(last, swept + math.floor(MOST_SWEPT / math.max(1, #kinds)))
    -- The mark is ahead of the clock, so the clock was set back.
    if swept > last then swept, to = last, last end
    for from = swept + 1, to, SWEPT_AT_ONCE do
      local writes = new_wait_writes()
      for _, kind in ipairs(kinds) do
        local fields, seconds = {}, {}
        for second = from, math.min(to, from + SWEPT_AT_ONCE - 1) do
          fields[#fields + 1], seconds[#seconds + 1] = string.format('%s:%.0f', kind, second), second
        end
        for i, text in ipairs(redis.call('HMGET', WAITS_DUE, unpack(fields))) do
          if text then collect_wait(writes, fields[i], kind, seconds[i], read_wait(text), 0) end
        end
      end
      write_waits(writes)
    end
    redis.call('HSET', WAITS_DUE, SWEPT, string.format('%.0f', to))
  end

  -- An earlier version kept no sums. What waits by its hash is counted here, once. It did not tell causes apart: most of what it called
  -- `slot` waits for the next window of a quota.
  local OLD_CAUSES = { slot = 'quota' }
  local function adopt_older_waits()
    local fields = redis.call('HGETALL', OLD_WAITS)
    if #fields == 0 then return end
    for i = 1, #fields, 2 do
      local kind, second = string.match(fields[i], '^(%a+):(%d+)$')
      local count, oldest = read_wait(fields[i + 1])
      if kind and count > 0 and oldest < math.huge then note_wait(OLD_CAUSES[kind] or kind, second * 1000, count, oldest) end
      if i % 1000 == 999 then save_waits() end
    end
    save_waits()
    redis.call('DEL', OLD_WAITS)
  end

  local function wait_kinds()
    local sums, kinds = redis.call('HGETALL', WAITS), {}
    for i = 1, #sums, 2 do kinds[#kinds + 1] = sums[i] end
    return kinds
  end

  -- The errors of a store that takes no writes: it is full, a replica, or cannot persist them.
  local REFUSALS = { OOM = true, READONLY = true, MISCONF = true, NOREPLICAS = true }

  -- Returns a list of { kind, count, oldest }. While the store takes no writes, what came due in that time is still in it.
  function read_waits()
    local tidied, failure = pcall(function()
      adopt_older_waits()
      sweep_waits(wait_kinds())
    end)
    if not tidied then
      local text = type(failure) == 'table' and failure.err or tostring(failure)
      if not REFUSALS[string.match(text, '^%u+') or ''] then error(failure, 0) end
    end
    local kinds, waits = wait_kinds(), {}
    for _, kind in ipairs(kinds) do
      local count = figure(redis.call('HGET', WAITS, kind))
      local oldest = redis.call('ZRANGE', waits_since(kind), 0, 0, 'WITHSCORES')[2]
      if count > 0 and oldest then waits[#waits + 1] = { kind, count, oldest } end
      -- Nothing waits, so the sum should be 0: if it has gone wrong, this mends it.
      if not oldest then redis.pcall('HDEL', WAITS, kind) end
    end
    return waits
  end
end
