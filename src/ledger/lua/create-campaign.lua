-- Creates a campaign, or finds it. ARGV[1]: { id, expires (0: the default), life the default one in ms, sendAt (0: at once), find
-- (true: it is not created), paused (true: it is created as such), copy (true: nobody is listed here, but messages of another store are
-- dealt out to this one) } as JSON; ARGV[2]: the JSON of what its messages have in common. Answers { status, when its messages
-- expire, its state }: `created`, `exists` (with the same content: its listing goes on), `conflict` (with another), `cancelled`,
-- `expired` (its messages are), or `unknown` (not found).
-- Uses tables.lua, channel.lua, campaigns.lua.

local request, message = cjson.decode(ARGV[1]), ARGV[2]
local key = campaign_key(request.id)

local held = redis.call('HMGET', key, 'message', 'state', 'expires')
if held[1] then
  if held[1] ~= message then return { 'conflict', held[3] } end
  if held[2] == 'cancelled' then return { 'cancelled', held[3] } end
  if now >= figure(held[3]) then return { 'expired', held[3] } end
  redis.call('HSET', key, request.copy and 'copy' or 'listing', '1')
  return { 'exists', held[3], held[2] }
end
if request.find then return { 'unknown', '0' } end

-- The oldest may have expired.
for _, id in ipairs(redis.call('ZRANGE', CAMPAIGNS, 0, 9)) do
  if redis.call('EXISTS', campaign_key(id)) == 0 then redis.call('ZREM', CAMPAIGNS, id) end
end
local expires = request.expires > 0 and request.expires or now + request.life
local kept_until = string.format('%.0f', math.max(expires, now) + CAMPAIGN_KEPT)
redis.call('ZADD', CAMPAIGNS, string.format('%.0f', now), request.id)
if redis.call('ZCARD', CAMPAIGNS) == 1 then
  redis.call('PEXPIREAT', CAMPAIGNS, kept_until)
else
  redis.call('PEXPIREAT', CAMPAIGNS, kept_until, 'GT')
end
redis.call('HSET', key, 'message', message, 'created', string.format('%.0f', now), 'expires', string.format('%.0f', expires),
  'sendAt', string.format('%.0f', request.sendAt), 'state', request.paused and 'paused' or 'running',
  request.copy and 'copy' or 'listing', '1')
redis.call('PEXPIREAT', key, kept_until)
return { 'created', string.format('%.0f', expires), 'running' }
