-- Packed tables: field -> small binary value, spread over buckets, which are hashes small enough to stay listpacks. (Past 128
-- entries Redis turns a hash into a hashtable of about six times the size.) Buckets are split one at a time as they fill (linear
-- hashing), so a table is as packed at ten million entries as at a thousand.
--
-- Every value begins with six bytes of milliseconds since the epoch. An entry is over `ttl` after that instant, and is dropped when
-- its bucket is found full, or split. (A call that found nothing to drop in one full bucket does not look into the others.)
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

-- How many entries a bucket has at most before its table grows. What looks for an entry goes through half of a bucket on average, so small
-- ones cost less time. But each bucket costs some 150 bytes, so the table whose entries are to be the smallest has large ones.
local SMALL_BUCKET, LARGE_BUCKET = 60, 104

local open_table
do
  -- Names of what is called for every entry: to look them up each time would cost as much as some of these calls do.
  local call, sha1hex, sub, read, format = redis.call, redis.sha1hex, string.sub, struct.unpack, string.format

  -- One in four of the entries that are added, those with a hash below this, look whether their bucket is full, and if it is, the
  -- table grows by a bucket. That spreads the cost, and still few buckets reach the size of a hashtable before it is their turn to be
  -- split. The comparison goes by the upper bits of the hash, because the lower ones choose the bucket.
  local LOOK_BELOW = 2 ^ 30
  local HEADER, INSTANT = '>I4I6', '>I6'
  local INSTANT_BYTES = 6
  local HOUR = 3600000

  -- The hashes of fields that a call has made. A recipient is looked up in one table after the other.
  local hashes = {}

  local Table = {}
  Table.__index = Table

  function open_table(base, ttl, grain, full)
    local header = call('GET', base)
    local buckets, horizon = 1, 0
    if header then buckets, horizon = read(HEADER, header) end
    local size = 1
    while size * 2 <= buckets do size = size * 2 end
    -- `extended`: the buckets that this call has let live until the horizon. `keys` of buckets: those that it has made.
    return setmetatable({ base = base, ttl = ttl, grain = grain or HOUR, buckets = buckets, horizon = horizon, size = size,
      horizon_text = string.format('%.0f', horizon), empty = not header, extended = {}, keys = {},
      full = full or LARGE_BUCKET }, Table)
  end

  function Table:save_header()
    call('SET', self.base, struct.pack(HEADER, self.buckets, self.horizon), 'PXAT', self.horizon_text)
    self.empty = false
  end

  function Table:raise_horizon(over_at)
    self.horizon = math.ceil(over_at / self.grain) * self.grain
    self.horizon_text, self.extended = string.format('%.0f', self.horizon), {}
    self:save_header()
  end

  -- Lets a bucket live until the horizon. The horizon only rises, so this never shortens the bucket's life.
  local function extend(self, key)
    if self.extended[key] then return end
    call('PEXPIREAT', key, self.horizon_text)
    self.extended[key] = true
  end

  local function key_of(self, bucket)
    local key = self.base .. format(':%d', bucket)
    self.keys[bucket] = key
    return key
  end

  local function hash_of(field) return tonumber(sub(sha1hex(field), 1, 8), 16) end

  -- The key of a field's bucket, and its hash. An entry that was read is usually written by the same call.
  local function bucket_of(self, field)
    local hash, size = hashes[field], self.size
    if not hash then
      hash = hash_of(field)
      hashes[field] = hash
    end
    local bucket = hash % size
    if bucket < self.buckets - size then bucket = hash % (size * 2) end
    return self.keys[bucket] or key_of(self, bucket), hash
  end

  -- Whether an entry may be dropped. One that is too short is damaged: it stays, and fails only the messages that need it.
  local function is_over(self, value)
    return #value >= INSTANT_BYTES and read(INSTANT, value) + self.ttl <= now
  end

  -- Adds a bucket, and deals the live entries of the bucket whose turn it is out to itself and to the new one. What can fail comes
  -- before the first entry is deleted, because a script that fails takes nothing back.
  local function split(self)
    local turn, span = self.buckets - self.size, self.size * 2
    local low, high = key_of(self, turn), key_of(self, self.buckets)
    local entries, of_low, of_high, lows, highs = call('HGETALL', low), {}, {}, 0, 0
    self.buckets = self.buckets + 1
    if self.buckets == span then self.size = span end
    for i = 1, #entries, 2 do
      local field, value = entries[i], entries[i + 1]
      if not is_over(self, value) then
        if hash_of(field) % span == turn then
          of_low[lows + 1], of_low[lows + 2], lows = field, value, lows + 2
        else
          of_high[highs + 1], of_high[highs + 2], highs = field, value, highs + 2
        end
      end
    end
    local function fill(key, home)
      if #home == 0 then return end
      call('HSET', key, unpack(home))
      extend(self, key)
    end
    fill(high, of_high)
    call('DEL', low)
    self.extended[low] = nil
    fill(low, of_low)
    self:save_header()
  end

  -- Drops what is over from a bucket that is full, or lets the table grow. Where the first full bucket of a call had nothing to drop, the
  -- others have little: a call that adds many entries does not read those.
  local function relieve(self, key)
    if not self.lasting then
      local entries, over = call('HGETALL', key), {}
      for i = 1, #entries, 2 do
        if is_over(self, entries[i + 1]) then over[#over + 1] = entries[i] end
      end
      self.lasting = #over == 0
      if #over > 0 then call('HDEL', key, unpack(over)) end
      if #entries / 2 - #over <= self.full then return end
    end
    split(self)
  end

  -- The value of a field, also of an entry that is over; false where there is none.
  function Table:find(field)
    if self.empty then return false end
    local key = bucket_of(self, field)
    return call('HGET', key, field)
  end

  function Table:get(field)
    local value = self:find(field)
    if value and read(INSTANT, value) + self.ttl > now then return value end
    return nil
  end

  -- `instant`: the one that the value begins with. `before`: that of the entry that this one takes the place of, where the caller has
  -- read it. The bucket outlives that entry, and so also a new one that is over no later. This does not hold for a table with a ttl,
  -- which may have been shorter when the entry before was written.
  function Table:put(field, value, instant, before)
    local over_at = instant + self.ttl
    if over_at > self.horizon then self:raise_horizon(over_at) end
    local key, hash = bucket_of(self, field)
    local added = call('HSET', key, field, value)
    if added == 0 and before and before >= over_at and self.ttl == 0 then return end
    extend(self, key)
    if added == 1 and hash < LOOK_BELOW and call('HLEN', key) > self.full then relieve(self, key) end
  end

  -- Writes an entry in place of one that is over at the same time: its bucket outlives it already.
  function Table:replace(field, value, instant)
    -- It was gone.
    if call('HSET', bucket_of(self, field), field, value) == 1 then self:put(field, value, instant) end
  end

  function Table:remove(field)
    local key = bucket_of(self, field)
    call('HDEL', key, field)
    -- Redis removes a hash with its last entry, and forgets its expiry.
    self.extended[key] = nil
  end
end
