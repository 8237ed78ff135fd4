-- Which process posts receipts to an endpoint, and how far it is: one process at a time, by a lease. KEYS[1]: the endpoint's record,
-- a hash { owner, until (ms), url (a digest), gone (ms, since the endpoint wants no more), rest (ms, until when the owner sends it
-- nothing) and `at:<channel>`, its positions }; KEYS[2]: the names of all endpoints, a set; both lie in one hash slot.
-- ARGV: operation, owner, lease in ms, life of the record in ms, then for
--   take:    the endpoint's name, the url's digest, whether the process starts (`1`), and the channels. Answers nothing while another process has the
--            lease, else all fields. A channel that is new begins now. A start, or another url than before, ends `gone`.
--   keep:    fields and values in turn, which are written. Answers 1; 0 and writes nothing where the lease is another's.
--   release: nothing more. The lease ends.

local operation, owner, lease, life = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = KEYS[1]
local held = redis.call('HMGET', record, 'owner', 'until', 'url')
local free = not held[1] or held[1] == owner or tonumber(held[2] or 0) <= now

local function renew(ms)
  redis.call('HSET', record, 'owner', owner, 'until', string.format('%.0f', now + ms))
  redis.call('PEXPIRE', record, life)
end

if operation == 'take' then
  if not free then return false end
  redis.call('SADD', KEYS[2], ARGV[5])
  redis.call('HDEL', record, 'rest')
  if held[3] ~= ARGV[6] or ARGV[7] == '1' then
    redis.call('HDEL', record, 'gone')
    redis.call('HSET', record, 'url', ARGV[6])
  end
  for i = 8, #ARGV do
    local position = 'at:' .. ARGV[i]
    if redis.call('HEXISTS', record, position) == 0 then
      redis.call('HSET', record, position, cjson.encode({ after = string.format('%.0f', now) }))
    end
  end
  renew(lease)
  return redis.call('HGETALL', record)
end

if held[1] ~= owner then return 0 end
if operation == 'release' then
  renew(0)
  return 1
end
for i = 5, #ARGV, 2 do redis.call('HSET', record, ARGV[i], ARGV[i + 1]) end
renew(lease)
return 1
