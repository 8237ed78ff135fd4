-- Which channel an account on a platform belongs to: one at a time, over all processes and deployments. KEYS[1]: the
-- account's own key, a hash { channel, seen }. ARGV[1]: { op, channel, … } as JSON.
--   claim:   { lease, from a channel that was retired } takes it, or keeps it, and says when it was last served. Answers
--            { the channel that has it, for how long that one still counts as served }
--   release: it is not served any more by a worker that ends; others of its channel say so again
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
