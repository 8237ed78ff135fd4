-- Campaigns: one content for many recipients. What a campaign sends is stored once, in a hash with its state and its counts:
-- `listed` recipients = those that wait for their first grant + `underWay` + `ended` (by state and reason in `end:…`, as the
-- receipts say) + `duplicate`. Only first runs are counted; a replay's end adds to `replayed`.
-- Uses tables.lua, records.lua, channel.lua, waits.lua.

-- It outlasts the last of its messages, and their dead letters for a while.
local CAMPAIGN_KEPT = 7 * DAY

-- What a call changes is written at its end, once a figure.
local campaign_changes = {}
local function count_campaign(id, figure, by)
  local changes = campaign_changes[id] or {}
  campaign_changes[id] = changes
  changes[figure] = (changes[figure] or 0) + by
end

-- The record of its message was made. `uncounted`: it was not listed, but replayed.
local function note_campaign_begin(id, record, uncounted)
  if record.run == 1 and not uncounted then count_campaign(id, 'underWay', 1) end
end

-- The run of its message ends, with a receipt. A fresh record was not under way.
local function note_campaign_end(id, record, uncounted, state, reason)
  if record.run > 1 or uncounted then return count_campaign(id, 'replayed', 1) end
  if not record.fresh then count_campaign(id, 'underWay', -1) end
  count_campaign(id, 'end:' .. state .. ':' .. reason, 1)
  count_campaign(id, 'ended', 1)
end

-- The ends of the last minute: a ring of so many steps of so many milliseconds, read by campaign-pace.ts.
local PACE_STEPS, PACE_STEP = 8, 10000
local function note_pace(key, ends)
  local step = math.floor(now / PACE_STEP)
  local field = string.format('pace:%.0f', step % PACE_STEPS)
  local held, count = string.match(redis.call('HGET', key, field) or '', '^(%d+) (%d+)$')
  if tonumber(held) == step then ends = ends + tonumber(count) end
  redis.call('HSET', key, field, string.format('%.0f %.0f', step, ends))
end

-- A campaign that is gone, with its store or by its age, is not begun again by a count.
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

-- Does the work of a call, and writes its counts, of campaigns, of what waits and of slots, also where it fails half way: what it did
-- until then stays done.
local function counting_campaigns(work)
  local done, failure = pcall(work)
  save_campaign_counts()
  save_waits()
  for _, write in ipairs(end_of_call) do write() end
  if done then return end
  -- Caught, an error of Redis is a text, and raised again as such no longer an `OOM`: whoever asks must know it from others.
  if type(failure) == 'string' and string.find(failure, '^%u+ ') then failure = { err = failure } end
  error(failure, 0)
end

-- Of each campaign that a call meets, once: its state, or false.
local campaign_states = {}
local function campaign_state(id)
  if campaign_states[id] == nil then campaign_states[id] = redis.call('HGET', campaign_key(id), 'state') end
  return campaign_states[id]
end

-- Whether a message of a campaign has been told apart from what else was named so: by the call that asks first, for ever. A bit for
-- each position of a job is kept with the chunks.
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
  return true
end

-- The recipient was given to the campaign in another job as well: counted once, however often this job is run again.
local function note_campaign_duplicate(id, origin)
  if tell_campaign_message(id, origin) then count_campaign(id, 'duplicate', 1) end
end

-- { state, expires, waiting: how many recipients have neither been tried nor told, under_way, listed: whether all are }, or nil.
local function read_campaign(id)
  local fields = redis.call('HMGET', campaign_key(id), 'state', 'expires', 'listing', 'listed', 'underWay', 'ended', 'duplicate')
  if not fields[1] then return nil end
  local under_way = figure(fields[5])
  local waiting = math.max(0, figure(fields[4]) - under_way - figure(fields[6]) - figure(fields[7]))
  return { state = fields[1], expires = figure(fields[2]), waiting = waiting, under_way = under_way, listed = not fields[3] }
end
