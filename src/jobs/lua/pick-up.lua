-- Comes before the scripts that pick up or finish a job, BullMQ's and finish.lua, and stands for `redis` in them: of a job, they see only the
-- fields that Herald reads. What a foreign producer wrote into the other fields can then neither fail these scripts, nor decide how the job
-- ends, nor exhaust the memory of a worker. MAX_DATA and HEAD, in bytes, are defined in front of this.

-- Where `HGETALL` answers with a job's data and with the number of its pickups.
local DATA_AT, PICKUPS_AT = 4, 10

local redis = (function(store)
  local own = {}

  -- The counter may not be a number.
  function own.HINCRBY(key, field, by)
    local count = store.pcall('HINCRBY', key, field, by)
    if type(count) == 'number' then return count end
    store.call('HDEL', key, field)
    return store.call('HINCRBY', key, field, by)
  end

  -- A priority that is not a number would fail as a score, after BullMQ has moved half of the job's keys.
  function own.HGET(key, field)
    local value = store.call('HGET', key, field)
    if field ~= 'priority' then return value end
    local priority = tonumber(value)
    return priority and priority >= 0 and priority <= 2097152 and value or '0'
  end

  local function short(text, most) return text and #text <= most and text or '' end

  -- BullMQ reads the digits before anything else, and so `1.8e+18`, as a store writes a large number, as 1.
  local function whole(text)
    local number = tonumber(short(text, 20))
    return number and string.format('%.0f', number) or ''
  end

  -- Replaces data that are too large by their beginning.
  local function cut(key, data)
    store.call('HSET', key, 'data', string.sub(data, 1, HEAD), 'herald:size', #data)
    return string.sub(data, 1, HEAD), tostring(#data)
  end

  -- How many children a job waits for: none, whatever a BullMQ flow has written.
  function own.SCARD(key) return string.find(key, ':dependencies$') and 0 or store.call('SCARD', key) end
  function own.ZCARD(key) return string.find(key, ':unsuccessful$') and 0 or store.call('ZCARD', key) end

  -- How a job is read that is picked up; it is read so nowhere else. Removes the job's parent, which BullMQ would notify of its end.
  function own.HGETALL(key)
    local fields = store.call('HMGET', key, 'data', 'name', 'timestamp', 'ats', 'stc', 'herald:size', 'parentKey', 'parent')
    local data, size = fields[1] or '', tonumber(fields[6]) and fields[6] or '0'
    if #data > MAX_DATA then data, size = cut(key, data) end
    local stalls = string.match(fields[5] or '', '^%d%d?%d?$')
    if fields[5] and not stalls then store.call('HDEL', key, 'stc') end
    if fields[7] or fields[8] then store.call('HDEL', key, 'parentKey', 'parent') end
    return { 'name', short(fields[2], 100), 'data', data, 'opts', '{}', 'timestamp', whole(fields[3]),
      'ats', fields[4], 'stc', stalls or '0', 'progress', size }
  end

  -- How a job is deleted. The messages of a job of many are not counted any more (`count_more` in queue.lua).
  function own.DEL(key, ...)
    local base = string.match(key, '^(.*:)[ec]%d+_%w+$')
    local more = base and string.match(store.call('HGET', key, 'herald:more') or '', '^%d%d?%d?$')
    if more then own.HINCRBY(base .. 'ledger:channel', 'more', '-' .. more) end
    return store.call('DEL', key, ...)
  end

  return setmetatable({
    call = function(command, ...)
      local seen = own[command]
      if seen then return seen(...) end
      return store.call(command, ...)
    end,
  }, { __index = store })
end)(redis)

