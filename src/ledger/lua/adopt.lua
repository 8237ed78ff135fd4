-- The policy in force: what slots of the channel mean. ARGV[1]: { op, … } as JSON.
--   look:   answers { policy or false, when its last window ends or ended, now, 1 if there is neither a job nor a dead letter }
--   adopt:  { policy, expected the one looked at or absent, openUntil, platformDay, unknown } takes it over, where nothing
--           has changed since the look; `unknown`: the ledger does not know what was sent lately. Answers 1 or 0
--   retire: { to, openUntil } ends this channel for one that takes its account over: nothing is granted by it any more,
--           if nothing was granted since the look. Answers 1 or 0
--   leave:  { to, openUntil, expected } ends this store for others of its channel, if nothing has changed since the look and nothing
--           is left in it: nothing is granted or added here any more. Answers 1 or 0
-- Uses tables.lua, slots.lua, queue.lua.

local request = cjson.decode(ARGV[1])
local held = redis.call('GET', POLICY)
-- An earlier version kept no such field, and its slots no longer than their window.
local open_until = tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or slots.horizon) or slots.horizon

local function is_drained()
  return is_queue_empty() and redis.call('EXISTS', DEAD_LETTERS, QUEUE .. 'failed') == 0
end
if request.op == 'look' then
  return { held, string.format('%.0f', open_until), string.format('%.0f', now), is_drained() and 1 or 0 }
end
-- Where it is already in force, grants made by it meanwhile change nothing.
local in_force = request.op == 'adopt' and held == request.policy
if open_until > request.openUntil and not in_force then return 0 end
if request.op == 'leave' and ((held or nil) ~= request.expected or not is_drained()) then return 0 end
if request.op == 'retire' or request.op == 'leave' then
  -- Should it come back, its messages lie in as many shards.
  local shards = string.match(held or '', '^%d+ shards: ') or ''
  redis.call('SET', POLICY, shards .. 'moved to ' .. request.to)
  return 1
end
if (held or nil) ~= request.expected then return 0 end
redis.call('SET', POLICY, request.policy)
remember_from(request.platformDay, held, request.unknown)
return 1
