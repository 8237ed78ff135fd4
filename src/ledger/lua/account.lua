-- Which channel an account on a platform belongs to: one at a time, over all processes and deployments. KEYS[1]: the
-- account's own key, a hash { channel, seen }. ARGV[1]: { op, channel, … } as JSON.
--   claim:   { lease how long a channel counts as served, from: a channel that was retired, whose account may be taken } takes the account
--            or renews the claim. Answers { the channel that has it, for how many ms that one still counts as served }
--   release: a worker of the channel ends. Other workers of it renew the claim
-- Uses tables.lua.

local request = cjson.decode(ARGV[1])
local held = redis.call('HMGET', KEYS[1], 'channel', 'seen')
local holder, seen = held[1], tonumber(held[2] or 0) or 0

if request.op == 'release' then
  if holder == request.channel then redis.call('HSET', KEYS[1], 'seen', 0) end
  return { holder, 0 }
end
if holder and holder ~= request.channel then
  local served = math.max(0, math.min(request.lease, seen + request.lease - now))
  if served > 0 or holder ~= request.from then return { holder, served } end
end
redis.call('HSET', KEYS[1], 'channel', request.channel, 'seen', string.format('%.0f', now))
return { request.channel, 0 }
