-- The policy in force, which says what slots of the channel mean. First a worker looks; then it changes the policy, and the change is
-- made only if nothing came between. ARGV[1]: { op, … } as JSON.
--   look:   answers { policy or false, when its last window ends or ended, now, 1 if there is neither a job nor a dead letter, since when
--           the policy is in force, 0 where no version has noted that }
--   adopt:  { policy, expected the one that was seen or absent, openUntil as it was seen, platformDay, unknown } puts a policy in
--           force; `unknown`: the ledger does not know what was sent lately
--   retire: { to, openUntil as it was seen } ends this channel in favour of the channel `to`, which takes its account over: nothing is
--           granted here any more
--   leave:  { to, openUntil and expected as they were seen } ends this store in favour of other stores of its channel, if nothing is
--           left in it: nothing is granted or added here any more
-- The last three answer since when what they put in force is, 0 if they changed nothing.
-- Uses tables.lua, slots.lua, queue.lua.

local request = cjson.decode(ARGV[1])
local held = redis.call('GET', POLICY)
-- An earlier version kept no such field, and its slots no longer than their window.
local open_until = tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or slots.horizon) or slots.horizon

local function is_drained()
  return is_queue_empty() and redis.call('EXISTS', DEAD_LETTERS, QUEUE .. 'failed') == 0
end
if request.op == 'look' then
  return { held, string.format('%.0f', open_until), string.format('%.0f', now), is_drained() and 1 or 0,
    redis.call('HGET', CHANNEL, 'policySince') or '0' }
end
-- If the policy is in force already, grants that were made by it meanwhile do not matter.
local in_force = request.op == 'adopt' and held == request.policy
if open_until > request.openUntil and not in_force then return 0 end
if request.op == 'leave' and ((held or nil) ~= request.expected or not is_drained()) then return 0 end
if request.op == 'retire' or request.op == 'leave' then
  -- The number of shards stays in the text: should the channel come back, its messages lie in so many.
  local shards = string.match(held or '', '^%d+ shards: ') or ''
  return put_in_force(shards .. 'moved to ' .. request.to, held)
end
if (held or nil) ~= request.expected then return 0 end
remember_from(request.platformDay, held, request.unknown)
return put_in_force(request.policy, held)
