-- What holds for a whole channel: a rest (for a while, ends by itself) and a stop (until an operator acts).
-- Uses tables.lua, records.lua.

-- A longer Retry-After is not believed. A rest that ends later than that was written before the store's clock was set back.
local LONGEST_REST = DAY

-- A figure of the channel's state. One that cannot be read counts as 0: an error would hold up the whole channel.
local function figure(text)
  local number = tonumber(text or 0)
  if not number or number ~= number then return 0 end
  return number
end

-- Counts something for good. Metrics show these totals as counters, the same from every worker.
local function count_total(name, by) add_count(CHANNEL, 'total:' .. name, by) end

-- Of the interval. Workers ask for less.
local WIDEST = 0.25

-- How far apart two moments of the rate are. `spacing` is what the worker asks for: `interval` by the rate itself, and `widen` more,
-- since its requests may be late. The widest that any worker asked for in the last `keep` ms holds for all: so long its late requests
-- may count in a window.
local function moments_apart(spacing)
  if not spacing.widen then return spacing.interval end
  local state = redis.call('HMGET', CHANNEL, 'widen', 'widenUntil')
  local most, until_at = figure(state[1]), figure(state[2])
  -- Further ahead than anybody sets it: the store's clock was set back. Wider than anybody needs it: it was for another rate.
  local held = until_at > now and until_at <= now + spacing.keep and most <= spacing.interval * WIDEST
  if not held then most, until_at = 0, 0 end
  local renews = spacing.widen > most - 0.000001 and until_at < now + spacing.keep / 2
  if spacing.widen > most + 0.000001 or renews then
    most = spacing.widen
    redis.call('HSET', CHANNEL, 'widen', string.format('%.6f', most),
      'widenUntil', string.format('%.0f', now + spacing.keep))
  end
  return spacing.interval + most
end

-- { until_at, reason } of the rest that holds, or nil.
local function channel_rest()
  local state = redis.call('HMGET', CHANNEL, 'restUntil', 'restReason')
  local until_at = figure(state[1])
  if until_at <= now or until_at > now + LONGEST_REST then return nil end
  return { until_at = until_at, reason = state[2] }
end

local function rest_channel(reason, ms)
  local until_at = now + math.min(ms, LONGEST_REST)
  local rest = channel_rest()
  -- The longer of two rests holds.
  if rest and until_at <= rest.until_at then return end
  redis.call('HSET', CHANNEL, 'restUntil', string.format('%.0f', until_at), 'restReason', reason)
end

-- The fields of the three reasons to stop, each of which says since when. They are independent, and each ends in its own way: an
-- operator's pause, refused credentials, and a sender who may not write.
local STOPS = { 'paused', 'credentials', 'sender' }

-- { reason, at } of the stop that holds, or nil.
local function channel_stop()
  local since = redis.call('HMGET', CHANNEL, unpack(STOPS))
  for i, reason in ipairs(STOPS) do
    if since[i] then return { reason = reason, at = since[i] } end
  end
  return nil
end

-- `credentials` is the fingerprint of those that were refused.
local function stop_channel(reason, credentials)
  redis.call('HSET', CHANNEL, reason, string.format('%.0f', now))
  if credentials then redis.call('HSET', CHANNEL, 'refusedCredentials', credentials) end
end

-- Notes what a settlement { effect, health, rest, stop } (settle.lua) says of the channel. Most calls bring many answers in a row, of
-- which only the first changes anything: `healthy` remembers it.
local healthy = false
local function note_channel(s)
  if s.health == 1 then
    if not healthy then redis.call('HDEL', CHANNEL, 'failures', 'opens', 'probeUntil') end
    healthy = true
  elseif s.health == -1 then
    healthy = false
    local failures = figure(redis.call('HGET', CHANNEL, 'failures')) + 1
    redis.call('HSET', CHANNEL, 'failures', string.format('%.0f', failures))
  end
  -- The half-open probe finished, sent or not; let the next one through.
  if s.effect ~= 'none' and s.health ~= 1 then redis.call('HDEL', CHANNEL, 'probeUntil') end
  if s.rest then rest_channel(s.rest[1], s.rest[2]) end
  if s.stop then stop_channel(s.stop[1], s.stop[2]) end
end
