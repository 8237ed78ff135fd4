-- Campaigns: one content for many recipients. A campaign is a hash with its content, its state and its counts, of which at any time
--   listed = waiting for the first grant (not stored) + underWay + ended + duplicate
-- `end:<state>:<reason>` parts `ended` as the receipts do. Only first runs are counted; the end of a replay adds to `replayed`.
-- Of messages that were listed in another store, and dealt out to this one (`copy`), that store counts `listed`, and this one the rest.
-- Uses tables.lua, records.lua, channel.lua, waits.lua.

-- For how long a campaign is kept after its messages have expired, for the sake of their dead letters.
local CAMPAIGN_KEPT = 7 * DAY

-- A call adds up what it changes, and writes it at its end with one command a figure.
local campaign_changes = {}
local function count_campaign(id, figure, by)
  local changes = campaign_changes[id] or {}
  campaign_changes[id] = changes
  changes[figure] = (changes[figure] or 0) + by
end

-- To be called when a record of its message was made. `uncounted`: the message was replayed, and not listed.
local function note_campaign_begin(id, record, uncounted)
  if record.run == 1 and not uncounted then count_campaign(id, 'underWay', 1) end
end

-- To be called when the run of its message ends, with a receipt. A message whose record is fresh was not under way yet.
local function note_campaign_end(id, record, uncounted, state, reason)
  if record.run > 1 or uncounted then return count_campaign(id, 'replayed', 1) end
  if not record.fresh then count_campaign(id, 'underWay', -1) end
  count_campaign(id, 'end:' .. state .. ':' .. reason, 1)
  count_campaign(id, 'ended', 1)
end

-- Notes how many messages ended lately: a ring of eight steps of ten seconds, from which campaign-pace.ts reads the pace.
local PACE_STEPS, PACE_STEP = 8, 10000
local function note_pace(key, ends)
  local step = math.floor(now / PACE_STEP)
  local field = string.format('pace:%.0f', step % PACE_STEPS)
  local held, count = string.match(redis.call('HGET', key, field) or '', '^(%d+) (%d+)$')
  if tonumber(held) == step then ends = ends + tonumber(count) end
  redis.call('HSET', key, field, string.format('%.0f %.0f', step, ends))
end

-- A campaign that is gone (it was too old, or its store lost it) must not be created anew by a count.
local function save_campaign_counts()
  for id, changes in pairs(campaign_changes) do
    local key = campaign_key(id)
    if redis.call('EXISTS', key) == 1 then
      for figure, by in pairs(changes) do
        if by ~= 0 then redis.call('HINCRBY', key, figure, by) end
      end
      if changes.ended then note_pace(key, changes.ended) end
    end
  end
end

-- Does the work of a call, and then writes what it has counted of campaigns, waits and slots. It writes that also where the work fails
-- half way, because a script that fails takes nothing back.
local function counting_campaigns(work)
  local done, failure = pcall(work)
  save_campaign_counts()
  save_waits()
  for _, write in ipairs(end_of_call) do write() end
  if done then return end
  -- Once caught, an error of Redis is a plain text, and raised again as such the client would no longer see its code, such as `OOM`.
  if type(failure) == 'string' and string.find(failure, '^%u+ ') then failure = { err = failure } end
  error(failure, 0)
end

-- The state of a campaign, or false; read once a call.
local campaign_states = {}
local function campaign_state(id)
  if campaign_states[id] == nil then campaign_states[id] = redis.call('HGET', campaign_key(id), 'state') end
  return campaign_states[id]
end

-- A campaign's pause and cancel hold from the next admission on. A paused message still expires. Neither holds a replay, which
-- somebody ordered with the campaign's state in view; only the cancel of its recipient does. Returns a verdict, or nil.
local function held_by_campaign(message, record)
  if record.job == WITHDRAWN then return { 'withdrawn' } end
  if message.u then return nil end
  local state = campaign_state(message.k)
  if state == 'cancelled' then return { 'withdrawn' } end
  if state == 'paused' and now < message.e then return { 'paused' } end
  return nil
end

-- Marks an entry of a campaign's job (`origin`: the job and the position in it), and answers whether it was unmarked: true for the first
-- call only, however often the job is run again. The marks are bits by position, kept with the chunks. An entry is marked when it is
-- counted as a duplicate, or replayed, so that it is not counted as a duplicate later.
local function tell_campaign_message(id, origin)
  local job, position = string.match(origin, '^(.*):(%d+)$')
  if not job or not campaign_state(id) then return false end
  local chunks, field = campaign_chunks(id), 'd:' .. job
  local at, bit = math.floor(position / 8) + 1, 2 ^ (position % 8)
  local bits = redis.call('HGET', chunks, field) or ''
  bits = bits .. string.rep('\0', at - #bits)
  local byte = string.byte(bits, at)
  if math.floor(byte / bit) % 2 == 1 then return false end
  redis.call('HSET', chunks, field, string.sub(bits, 1, at - 1) .. string.char(byte + bit) .. string.sub(bits, at + 1))
  -- A store that lists nobody of the campaign has no chunks before.
  if redis.call('HLEN', chunks) == 1 then
    redis.call('PEXPIREAT', chunks, string.format('%.0f', redis.call('PEXPIRETIME', campaign_key(id))))
  end
  return true
end

-- The campaign has the recipient of this entry in another job as well.
local function note_campaign_duplicate(id, origin)
  if tell_campaign_message(id, origin) then count_campaign(id, 'duplicate', 1) end
end

-- Returns { state, expires, waiting: how many recipients wait for their first grant, under_way, listed: whether all are listed,
-- copied: whether messages may wait that were listed in another store }, or nil.
local function read_campaign(id)
  local fields = redis.call('HMGET', campaign_key(id), 'state', 'expires', 'listing', 'listed', 'underWay', 'ended', 'duplicate', 'copy')
  if not fields[1] then return nil end
  local under_way = figure(fields[5])
  local waiting = math.max(0, figure(fields[4]) - under_way - figure(fields[6]) - figure(fields[7]))
  return { state = fields[1], expires = figure(fields[2]), waiting = waiting, under_way = under_way, listed = not fields[3],
    copied = fields[8] and true }
end
