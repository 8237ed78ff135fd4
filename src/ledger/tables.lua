-- Packed tables: field -> small binary value, spread over hashes that stay listpacks (past 128 entries Redis turns a
-- hash into a hashtable of about six times the size). Buckets split one at a time (linear hashing), so a table is as
-- packed at a thousand entries as at ten million. Every value begins with six bytes of milliseconds since the epoch;
-- an entry is over `ttl` after that instant and is dropped when its bucket is next rewritten. A bucket expires with
-- its last entry; the key `base` holds the number of buckets and outlives them all, or fields would be looked for in
-- the wrong place.

-- Rule 2: one clock, the store's.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local BUCKET_FULL = 96

local Table = {}
Table.__index = Table

local function open_table(base, ttl)
  local buckets = tonumber(redis.call('GET', base) or '1')
  local size = 1
  while size * 2 <= buckets do size = size * 2 end
  return setmetatable({ base = base, ttl = ttl, buckets = buckets, size = size }, Table)
end

function Table:bucket(field)
  local hash = tonumber(string.sub(redis.sha1hex(field), 1, 8), 16)
  local index = hash % self.size
  if index < self.buckets - self.size then index = hash % (self.size * 2) end
  return self.base .. ':' .. index
end

function Table:over_at(value)
  return struct.unpack('>I6', value) + self.ttl
end

function Table:get(field)
  local value = redis.call('HGET', self:bucket(field), field)
  if value and self:over_at(value) > now then return value end
  return nil
end

local function keep_until(key, at)
  at = string.format('%.0f', at)
  if redis.call('PEXPIREAT', key, at, 'GT') == 0 then redis.call('PEXPIREAT', key, at, 'NX') end
end

function Table:put(field, value)
  local key = self:bucket(field)
  local over_at = self:over_at(value)
  local added = redis.call('HSET', key, field, value)
  keep_until(key, over_at)
  if self.buckets > 1 then keep_until(self.base, over_at) end
  if added == 1 and redis.call('HLEN', key) > BUCKET_FULL then
    self:rewrite(key)
    if redis.call('HLEN', key) > BUCKET_FULL then self:split() end
  end
end

function Table:remove(field)
  redis.call('HDEL', self:bucket(field), field)
end

-- Empties a bucket and puts each live entry where the table's present number of buckets says.
function Table:rewrite(key)
  local entries = redis.call('HGETALL', key)
  redis.call('DEL', key)
  for i = 1, #entries, 2 do
    local over_at = self:over_at(entries[i + 1])
    if over_at > now then
      local home = self:bucket(entries[i])
      redis.call('HSET', home, entries[i], entries[i + 1])
      keep_until(home, over_at)
    end
  end
end

function Table:split()
  local low = self.base .. ':' .. string.format('%.0f', self.buckets - self.size)
  local high = self.base .. ':' .. string.format('%.0f', self.buckets)
  self.buckets = self.buckets + 1
  if self.buckets == self.size * 2 then self.size = self.buckets end
  redis.call('SET', self.base, self.buckets, 'KEEPTTL')
  self:rewrite(low)
  -- Only the first split finds `base` without a time to live; from then on every put extends it.
  if redis.call('PTTL', self.base) == -1 then
    keep_until(self.base, math.max(redis.call('PEXPIRETIME', low), redis.call('PEXPIRETIME', high)))
  end
end
