-- Changes the record of a background replay. KEYS[1]: the record, a hash; KEYS[2]: the ids of the replays that have not ended, by the
-- instant they began; KEYS[3]: those of the others, by the instant they ended; KEYS[4]: where the version before lists both, by the instant
-- they began; all lie in one hash slot.
-- ARGV: operation, the replay's id, life of an ended one in ms, then for
--   report: the position, then counts and what is to be added to them in turn.
--   want:   what an operator wants: `running`, `paused` or `cancelled`, which ends it.
--   finish: nothing more. It is through.
--   list:   nothing more. It is listed where it belongs by its record, which the version before may have written.
-- Answers 1; 0 and writes nothing where there is no such replay, and, but for `report` and `list`, where it has ended.

local operation, id, life = ARGV[1], ARGV[2], tonumber(ARGV[3])
local record, open, ended = KEYS[1], KEYS[2], KEYS[3]
local known = redis.call('HMGET', record, 'wanted', 'endedAt', 'position', 'startedAt')
if operation == 'list' then redis.call('ZREM', KEYS[4], id) end
-- A report on its own would make a record that nobody can read, and that nothing removes.
if not known[1] then return 0 end

if operation == 'report' then
  if tonumber(ARGV[4]) > tonumber(known[3] or 0) then redis.call('HSET', record, 'position', ARGV[4]) end
  for i = 5, #ARGV, 2 do redis.call('HINCRBY', record, ARGV[i], ARGV[i + 1]) end
  return 1
end

local over = known[2] or known[1] == 'cancelled'
if operation == 'list' and not over then
  redis.call('PERSIST', record)
  redis.call('ZADD', open, known[4], id)
  return 1
end
if over and operation ~= 'list' then return 0 end
if operation == 'want' then
  redis.call('HSET', record, 'wanted', ARGV[4])
  if ARGV[4] ~= 'cancelled' then return 1 end
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if operation == 'finish' then redis.call('HSET', record, 'endedAt', now) end
redis.call('PEXPIRE', record, life)
redis.call('ZREM', open, id)
redis.call('ZADD', ended, known[2] or now, id)
redis.call('ZREMRANGEBYSCORE', ended, '-inf', string.format('%.0f', now - life))
redis.call('PEXPIRE', ended, life)
return 1
