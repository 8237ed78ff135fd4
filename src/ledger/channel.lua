-- What holds for a whole channel: resting (for a while, by itself) and stopped (until somebody acts).

local function rest_channel(reason, ms)
  local until_at = now + ms
  -- The longer of two rests holds.
  if until_at <= tonumber(redis.call('HGET', CHANNEL, 'restUntil') or 0) then return end
  redis.call('HSET', CHANNEL, 'restUntil', string.format('%.0f', until_at), 'restReason', reason)
end

local function stop_channel(reason, credentials)
  redis.call('HSET', CHANNEL, 'stop', reason, 'stopAt', string.format('%.0f', now))
  if credentials then redis.call('HSET', CHANNEL, 'stopCredentials', credentials) end
end
