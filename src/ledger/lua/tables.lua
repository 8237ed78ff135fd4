-- Packed tables: field -> small binary value, spread over buckets, which are hashes small enough to stay listpacks. (Past 128
-- entries Redis turns a hash into a hashtable of about six times the size.) Buckets are split one at a time as they fill (linear
-- hashing), so a table is as packed at ten million entries as at a thousand.
--
-- Every value begins with six bytes of milliseconds since the epoch. An entry is over `ttl` after that instant, and is dropped when
-- its bucket is full or split.
--
-- The key `base` holds the number of buckets and the horizon, an instant that no entry outlasts. Everything expires by itself: a
-- bucket at the horizon as it was at the bucket's last change, and `base` at the latest horizon. So `base` outlives all buckets;
-- otherwise fields would be looked for in the wrong bucket. The horizon is rounded up to the grain (an hour when absent), so that
-- it need not be written with every entry.

-- Rule 2: one clock, the store's.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Functions that write what a call has counted. They run at its end.
local end_of_call = {}

-- Adds to a count that only the gauges need, and returns the sum. A count that cannot be read begins anew, because it must not fail
-- what it counts.
local function add_count(key, field, by)
  local sum = redis.pcall('HINCRBY', key, field, by)
  if type(sum) == 'number' then return sum end
  if string.find(sum.err or '', 'integer') then redis.call('HDEL', key, field) end
  return redis.call('HINCRBY', key, field, by)
end

local BUCKET_FULL = 104
-- One in four of the entries that are added, those with a hash below this, look whether their bucket is full, and if it is, the table
-- grows by a bucket. That spreads the cost, and still few buckets reach the size of a hashtable before it is their turn to be split.
-- The comparison goes by the upper bits of the hash, because the lower ones choose the bucket.
local LOOK_BELOW = 2 ^ 30
local HEADER = '>I4I6'
local INSTANT_BYTES = 6
local HOUR = 3600000

local Table = {}
Table.__index = Table

local function open_table(base, ttl, grain)
  local header = redis.call('GET', base)
  local buckets, horizon = 1, 0
  if header then buckets, horizon = struct.unpack(HEADER, header) end
  local size = 1
  while size * 2 <= buckets do size = size * 2 end
  -- `extended`: the buckets that this call has let live until the horizon.
  return setmetatable({ base = base, ttl = ttl, grain = grain or HOUR, buckets = buckets, horizon = horizon, size = size,
    horizon_text = string.format('%.0f', horizon), empty = not header, extended = {} }, Table)
end

function Table:save_header()
  redis.call('SET', self.base, struct.pack(HEADER, self.buckets, self.horizon), 'PXAT', self.horizon_text)
  self.empty = false
end

function Table:raise_horizon(over_at)
  self.horizon = math.ceil(over_at / self.grain) * self.grain
  self.horizon_text, self.extended = string.format('%.0f', self.horizon), {}
  self:save_header()
end

-- Lets a bucket live until the horizon. The horizon only rises, so this never shortens the bucket's life.
function Table:extend(key)
  if self.extended[key] then return end
  redis.call('PEXPIREAT', key, self.horizon_text)
  self.extended[key] = true
end

function Table:bucket(field)
  -- An entry that was read is usually written next.
  if field == self.last_field then return self.last_bucket end
  local hash = tonumber(string.sub(redis.sha1hex(field), 1, 8), 16)
  local index = hash % self.size
  if index < self.buckets - self.size then index = hash % (self.size * 2) end
  self.last_field, self.last_bucket, self.last_hash = field, self.base .. ':' .. index, hash
  return self.last_bucket
end

function Table:over_at(value)
  return struct.unpack('>I6', value) + self.ttl
end

-- Whether an entry may be dropped. One that is too short is damaged: it stays, and fails only the messages that need it.
function Table:is_over(value)
  return #value >= INSTANT_BYTES and self:over_at(value) <= now
end

function Table:get(field)
  if self.empty then return nil end
  -- The entry that was read or written last is remembered: nobody else writes during a call.
  if field ~= self.known_field then
    self.known_field, self.known_value = field, redis.call('HGET', self:bucket(field), field)
  end
  local value = self.known_value
  if value and self:over_at(value) > now then return value end
  return nil
end

function Table:put(field, value)
  local over_at = self:over_at(value)
  if over_at > self.horizon then self:raise_horizon(over_at) end
  local key = self:bucket(field)
  local before = field == self.known_field and self.known_value
  local added = redis.call('HSET', key, field, value)
  self.known_field, self.known_value = field, value
  -- The bucket outlives the entry that was here before, and so also a new one that is over no later. This does not hold for a table
  -- with a ttl, which may have been shorter when the entry before was written.
  if added == 0 and self.ttl == 0 and before and self:over_at(before) >= over_at then return end
  self:extend(key)
  if added == 1 and self.last_hash < LOOK_BELOW and redis.call('HLEN', key) > BUCKET_FULL then self:relieve(key) end
end

function Table:remove(field)
  local key = self:bucket(field)
  redis.call('HDEL', key, field)
  -- Redis removes a hash with its last entry, and forgets its expiry.
  self.known_field, self.extended[key] = nil, nil
end

function Table:relieve(key)
  local entries = redis.call('HGETALL', key)
  local over = {}
  for i = 1, #entries, 2 do
    if self:is_over(entries[i + 1]) then over[#over + 1] = entries[i] end
  end
  if #over > 0 then redis.call('HDEL', key, unpack(over)) end
  if #entries / 2 - #over > BUCKET_FULL then self:split() end
end

-- Adds a bucket, and deals the live entries of the bucket whose turn it is out to itself and to the new one. What can fail comes
-- before the first entry is deleted, because a script that fails takes nothing back.
function Table:split()
  local low = self.base .. ':' .. string.format('%.0f', self.buckets - self.size)
  local high = self.base .. ':' .. string.format('%.0f', self.buckets)
  local entries = redis.call('HGETALL', low)
  self.buckets, self.last_field = self.buckets + 1, nil
  if self.buckets == self.size * 2 then self.size = self.buckets end
  local homes = { [low] = {}, [high] = {} }
  for i = 1, #entries, 2 do
    if not self:is_over(entries[i + 1]) then
      local dealt = homes[self:bucket(entries[i])]
      dealt[#dealt + 1], dealt[#dealt + 2] = entries[i], entries[i + 1]
    end
  end
  local function fill(home)
    if #homes[home] == 0 then return end
    redis.call('HSET', home, unpack(homes[home]))
    self:extend(home)
  end
  fill(high)
  redis.call('DEL', low)
  self.extended[low] = nil
  fill(low)
  self:save_header()
end
