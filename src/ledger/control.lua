-- Changes of the channel's state by hand or by policy. ARGV[1]: { op, … } as JSON. Answers 1 if something changed.

local request = cjson.decode(ARGV[1])

local function resume()
  return redis.call('HDEL', CHANNEL, 'stop', 'stopAt', 'stopCredentials', 'failures', 'opens', 'probeUntil',
    'restUntil', 'restReason') > 0 and 1 or 0
end

if request.op == 'open' then
  -- The breaker opens once for a series of failures: whoever comes with an outdated count changes nothing.
  local state = redis.call('HMGET', CHANNEL, 'opens', 'restUntil')
  local opens = tonumber(state[1] or 0)
  if opens ~= request.opens or tonumber(state[2] or 0) > now then return 0 end
  redis.call('HSET', CHANNEL, 'opens', opens + 1)
  rest_channel('breaker_open', request.ms)
  return 1
end
if request.op == 'stop' then
  stop_channel(request.reason)
  return 1
end
if request.op == 'resume' then return resume() end
if request.op == 'resume_credentials' then
  local state = redis.call('HMGET', CHANNEL, 'stop', 'stopCredentials')
  if state[1] ~= 'credentials' or state[2] == request.credentials then return 0 end
  return resume()
end
return redis.error_reply('ERR unknown channel operation')
