-- Lets time pass: moves all that the ledger of a channel holds into the past by ARGV[1] milliseconds, in the ledger's
-- own encoding. A test of a day's end need not wait for it, and the store's clock stays the only one that is asked.
-- Uses tables.lua, records.lua, slots.lua.

local ms = tonumber(ARGV[1])
local plays = open_plays(0)

local function earlier(at)
  return at > 0 and math.max(1, at - ms) or at
end

local function age_key(key)
  local over_at = redis.call('PEXPIRETIME', key)
  if over_at > 0 then redis.call('PEXPIREAT', key, string.format('%.0f', earlier(over_at))) end
end

local function age_table(t, age_value)
  for i = 0, t.buckets - 1 do
    local key = t.base .. ':' .. i
    local entries = redis.call('HGETALL', key)
    for e = 1, #entries, 2 do redis.call('HSET', key, entries[e], age_value(entries[e + 1])) end
    age_key(key)
  end
  if t.horizon > 0 then
    t.horizon = earlier(t.horizon)
    t:save_header()
  end
end

age_table(records, function(value)
  local r = decode_record(value)
  for _, field in ipairs({ 'expires', 'born', 'deadline', 'doubt_at', 'not_before', 'at' }) do
    if r[field] then r[field] = earlier(r[field]) end
  end
  return encode_record(r)
end)
age_table(slots, function(value)
  return struct.pack('>I6', earlier(struct.unpack('>I6', value))) .. string.sub(value, 7)
end)
age_table(plays, function(value)
  local stamp, kind, at = struct.unpack(PLAY, value)
  return struct.pack(PLAY, earlier(stamp), kind, earlier(at))
end)
local letters = redis.call('HGETALL', DEAD_LETTERS)
for i = 1, #letters, 2 do
  local letter = cjson.decode(letters[i + 1])
  letter.e, letter.at = earlier(letter.e), earlier(letter.at)
  redis.call('HSET', DEAD_LETTERS, letters[i], cjson.encode(letter))
  redis.call('ZADD', dead_letters_of(letter.reason), string.format('%.0f', letter.at), letters[i])
end
for _, id in ipairs(redis.call('ZRANGE', CAMPAIGNS, 0, -1)) do
  local expires = tonumber(redis.call('HGET', campaign_key(id), 'expires'))
  redis.call('HSET', campaign_key(id), 'expires', string.format('%.0f', earlier(expires)))
end
for _, field in ipairs({ 'restUntil', 'probeUntil', 'tat', 'widenUntil', 'slotsUntil', 'presumeFrom' }) do
  local at = redis.call('HGET', CHANNEL, field)
  if at then redis.call('HSET', CHANNEL, field, string.format('%.3f', earlier(tonumber(at)))) end
end
return 1
