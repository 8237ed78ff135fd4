-- The holds of a channel over shards: a stop, a rest, an open breaker. The home has them, and the shards have copies. ARGV[1]:
-- { op, … } as JSON.
--   note: at the home. { notes: what settlements say of the channel } Answers { failures in a row, how often the breaker opened } for each
--   read: at the home. { beyond: a version } Answers the holds as JSON, with a version above that one. A higher version was read later
--   copy: at a shard. { held: the holds that were read } Answers 0; or, where the shard has the same or a later version already, that one
-- Uses tables.lua, channel.lua.

local request = cjson.decode(ARGV[1])
local VERSION = 'holdsVersion'
local COPIED = { 'refusedCredentials', 'opens', unpack(STOPS) }

if request.op == 'note' then
  local answer = {}
  for i, note in ipairs(request.notes) do
    note_channel(note)
    local health = redis.call('HMGET', CHANNEL, 'failures', 'opens')
    answer[i] = { figure(health[1]), figure(health[2]) }
  end
  return answer
end

local version = figure(redis.call('HGET', CHANNEL, VERSION))
local function set_version(to) redis.call('HSET', CHANNEL, VERSION, string.format('%.0f', to)) end

if request.op == 'read' then
  local held = { version = math.max(now, version + 1, request.beyond + 1), fields = {} }
  local values = redis.call('HMGET', CHANNEL, unpack(COPIED))
  for i, name in ipairs(COPIED) do
    if values[i] then held.fields[name] = values[i] end
  end
  local rest = channel_rest()
  if rest then held.rest = { reason = rest.reason, ms = rest.until_at - now } end
  set_version(held.version)
  return cjson.encode(held)
end

if request.op == 'copy' then
  local held = request.held
  if version >= held.version then return version end
  redis.call('HDEL', CHANNEL, 'failures', 'probeUntil', 'restUntil', 'restReason', unpack(COPIED))
  for name, value in pairs(held.fields) do redis.call('HSET', CHANNEL, name, value) end
  if held.rest then rest_channel(held.rest.reason, held.rest.ms) end
  set_version(held.version)
  return 0
end
return redis.error_reply('ERR unknown operation on holds')
