-- What the home of a channel leases to a worker: moments in place of those that it missed and, over shards, for its admissions in
-- any of them. ARGV[1]: { op, … } as JSON.
--   moments: { interval, widen, keep: see `moments_apart`; count how many, from and ahead how far ahead they have to and may lie,
--            furthest how far ahead any worker takes them } takes tokens of the rate, evenly spaced. Answers { now, when the next one
--            is free, moments … }, all but `now` in milliseconds from now, as text
--   back:    { interval, widen, keep; missed the moments that nobody used, in ms since the epoch, ascending } gives back those that were given
--            out last, so that the next to ask has one at once. No other was given out behind them, so none comes too close. Each is
--            taken back once: a call whose answer was lost is repeated, and somebody may have had the moment in its place by then
--   probe:   { longest: the grant ends within so many milliseconds } lets one message be sent as a probe while the breaker is half
--            open. Answers { `granted` }; { `resting`, ms } while another probe is under way; or { `other` } where the breaker is not
--            half open: the shards have to be told what holds
-- Uses tables.lua, channel.lua.

local request = cjson.decode(ARGV[1])

if request.op == 'moments' then
  local interval = moments_apart(request)
  local free = figure(redis.call('HGET', CHANNEL, 'tat'))
  -- Nothing takes tokens that far ahead, so the store's clock was set back.
  if free > now + request.furthest + interval * 2 * (1 + WIDEST) then free = 0 end
  local moment, moments = math.max(now + request.from, free), {}
  while #moments < request.count and moment <= now + request.ahead do
    moments[#moments + 1] = string.format('%.3f', moment - now)
    moment = moment + interval
  end
  if #moments > 0 then redis.call('HSET', CHANNEL, 'tat', string.format('%.3f', moment)) end
  return { now, string.format('%.3f', moment - now), unpack(moments) }
end

if request.op == 'back' then
  local interval = moments_apart(request)
  local state = redis.call('HMGET', CHANNEL, 'tat', 'takenBack')
  local free, taken_back = figure(state[1]), figure(state[2])
  -- Two moments are given back at once where a message needs both. Nothing further ahead was, so the store's clock was set back.
  if taken_back > math.max(now, free) + 2 * interval then taken_back = 0 end
  local count = 0
  for i = #request.missed, 1, -1 do
    local missed = request.missed[i]
    -- A worker knows the store's time only about, and moments may have been further apart when it was given out.
    if missed <= taken_back or math.abs(free - interval - missed) > interval * WIDEST then break end
    free, count = math.max(missed, free - interval), count + 1
  end
  if count > 0 then
    redis.call('HSET', CHANNEL, 'tat', string.format('%.3f', free),
      'takenBack', string.format('%.0f', math.ceil(request.missed[#request.missed])))
  end
  return count
end

if request.op == 'probe' then
  local state = redis.call('HMGET', CHANNEL, 'opens', 'probeUntil')
  if figure(state[1]) == 0 or channel_stop() or channel_rest() then return { 'other' } end
  local probe_until = figure(state[2])
  if probe_until > now and probe_until <= now + request.longest then
    return { 'resting', math.min(1000, probe_until - now) }
  end
  redis.call('HSET', CHANNEL, 'probeUntil', string.format('%.0f', now + request.longest))
  return { 'granted' }
end
return redis.error_reply('ERR unknown lease')
