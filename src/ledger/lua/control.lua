-- Changes of the channel's state by hand or by policy. ARGV[1]: { op, … } as JSON. Answers 1 if something changed.
-- Uses channel.lua.

local request = cjson.decode(ARGV[1])

-- Ends the stops given, and a rest and an open breaker with them.
local function resume(...)
  return redis.call('HDEL', CHANNEL, 'refusedCredentials', 'failures', 'opens', 'probeUntil', 'restUntil', 'restReason',
    ...) > 0 and 1 or 0
end

if request.op == 'open' then
  -- The breaker opens once for a series of failures: a call with an outdated count changes nothing.
  local opens = figure(redis.call('HGET', CHANNEL, 'opens'))
  if opens ~= request.opens or channel_rest() then return 0 end
  redis.call('HSET', CHANNEL, 'opens', opens + 1)
  rest_channel('breaker_open', request.ms)
  return 1
end
if request.op == 'stop' then
  stop_channel(request.reason)
  return 1
end
if request.op == 'resume' then return resume(unpack(STOPS)) end
if request.op == 'resume_credentials' then
  local state = redis.call('HMGET', CHANNEL, 'credentials', 'sender', 'refusedCredentials')
  if not (state[1] or state[2]) or state[3] == request.credentials then return 0 end
  return resume('credentials', 'sender')
end
return redis.error_reply('ERR unknown channel operation')
