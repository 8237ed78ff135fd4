-- Restores the sends that a worker began lately to a store that may have lost acknowledged writes (a power failure between two syncs,
-- a failover to a lagging replica).
--
-- ARGV[1]: { unconfirmed the reason's code, platformDay, rolling } as JSON.
-- ARGV[2]: the worker's marks, a JSON array of { m message, n nonce, e expires, run, attempts, waived, born, granted, deadline,
--   doubtAt, r recipient, window (0 without a quota) }, for a campaign's message with { j job, campaign, uncounted }.
-- Answers for each: `kept` (the store knows as much, or more), `restored` (its record or its slot), `conflict` (another message got the slot
--   since) or `unreadable` (what the store holds of it is damaged).
-- Uses tables.lua, records.lua, slots.lua, campaigns.lua.

local options = cjson.decode(ARGV[1])
keep_slots(options.platformDay, options.rolling)

-- Whether the owner of the slot in the store had it before the remembered send got it. If so, the owner had lost the slot by then (its
-- window was over, or it gave the slot back), and the store has forgotten that, or an older memory restored the owner.
local function outdated(owner, mark)
  local record = load_record(owner)
  if not record then return false end
  if is_final(record) then return record.at <= mark.granted end
  return record.deadline < mark.deadline
end

-- Restores the slot as remembered, and answers as for the mark.
local function keep_slot(mark, state)
  if mark.window <= now then return 'kept' end
  local slot = load_slot(mark.r)
  if slot and slot.owner == mark.m then return 'kept' end
  if slot and not outdated(slot.owner, mark) then return 'conflict' end
  -- When the player was last sent something is lost as well: now is the latest that it can have been.
  save_slot(mark.r, mark.window, state, mark.m, now)
  return 'restored'
end

-- The state that the slot of a final record has; nil where it was given back. The slot may be missing, where a settlement came before
-- its mark: that made the record final, and found no slot to write.
local function slot_of_final(record)
  if record.state == DELIVERED then return SENT end
  if record.state == DEAD and record.reason == options.unconfirmed then return TAKEN end
  return nil
end

-- Whether the store knows only of an end before the remembered send: of an earlier run, or of a message whose id was used again since.
-- That takes a day, and half of one is more than the clocks of two stores differ by.
local function ended_before(record, mark)
  return record.run < mark.run or record.at + DAY / 2 < mark.born
end

local function readable(mark)
  return pcall(load_record, mark.m) and pcall(load_slot, mark.r)
end

local function reassert(mark)
  if not readable(mark) then return 'unreadable' end
  local record = load_record(mark.m)
  if record and is_final(record) and ended_before(record, mark) then record = nil end
  if record and is_final(record) then
    local state = slot_of_final(record)
    return state and keep_slot(mark, state) or 'kept'
  end
  if record and record.run > mark.run then return 'kept' end
  -- It has forgotten how that run ended: the next one has a budget of its own. But a send that was granted after the mark's has begun anew.
  local before = record and record.run < mark.run and not (in_flight(record) and record.deadline > mark.deadline) and record
  if before then record = nil end
  -- The record is in doubt and the mark is not: the record is of a later send, made after this one was given back.
  if record and record.doubt_at > 0 and mark.doubtAt == 0 then return 'kept' end
  if record and (record.nonce == mark.n or requests(record) > requests(mark)) then return 'kept' end
  if record and in_flight(record) then return 'conflict' end
  record = record or new_record(math.max(mark.e, now) + DAY, mark.run, mark.campaign and not mark.uncounted and mark.j)
  if before then record.stored, record.was_in_doubt = before.stored, before.was_in_doubt end
  record.state, record.run, record.attempts, record.waived, record.nonce = SENDING, mark.run, mark.attempts, mark.waived, mark.n
  record.born, record.deadline, record.doubt_at = mark.born, mark.deadline, mark.doubtAt
  save_record(mark.m, record)
  if mark.campaign and record.fresh then note_campaign_begin(mark.campaign, record, mark.uncounted) end
  return keep_slot(mark, HELD) == 'conflict' and 'conflict' or 'restored'
end

local answer = {}
counting_campaigns(function()
  for i, mark in ipairs(cjson.decode(ARGV[2])) do answer[i] = reassert(mark) end
end)
return answer
