-- What is known of a recipient: the slot of a window, and the last play, packed as records are.
-- Uses tables.lua.

local HELD, SENT, TAKEN = 'h', 's', 't'
local PLAYED, REFUSED = 'p', 'r'

-- Slots are kept for the longest day that the platform may mean beyond the end of their window: until then a quota refusal
-- may be owed to what was sent in it (rule 6).
local slots = open_table(SLOTS, 0)

-- How many slots are held and spent, by the end of their window, for the gauges; where each has a window of its own, in ninety-six
-- steps of its length. A call writes what it changes of them in a command a window and state.
local count_slot, keep_slots
do
  local slot_changes, slot_step = { held = {}, spent = {} }, 1

  function count_slot(window, state, by)
    if window <= now then return end
    local changes = state == HELD and slot_changes.held or slot_changes.spent
    local ends = math.ceil(window / slot_step) * slot_step
    changes[ends] = (changes[ends] or 0) + by
  end

  end_of_call[#end_of_call + 1] = function()
    for state, changes in pairs(slot_changes) do
      for ends, by in pairs(changes) do
        if by ~= 0 then add_count(CHANNEL, string.format('slots:%s:%.0f', state, ends), by) end
      end
    end
  end

  -- `rolling`: the length of windows that begin with each delivery, absent for others.
  function keep_slots(platform_day, rolling)
    slots.ttl = platform_day
    if rolling then slot_step = math.max(1, math.floor(rolling / 96)) end
  end
end

local looked_at, looked_window, looked_state

-- Window's end, state, owner, and how long before the window's end the player may last have been sent something: by the
-- owner itself if the slot is spent, by the message before it if it is held. In steps of twelve minutes, rounded to
-- the later instant, so that it is one byte.
local SLOT = '>I6c1c11B'
local SLOT_BYTES = 19
local STEP, NEVER = 720000, 255
local NOBODY = '-----------'

-- Answers the slot of the window that is open, or nil; and when the player may last have been sent something, 0 for never.
local function load_slot(recipient)
  local value = slots:get(recipient)
  looked_at, looked_window = recipient, nil
  if not value then return nil, 0 end
  -- An earlier version kept no such byte: the window's end is the latest that it can have been.
  if #value == SLOT_BYTES - 1 then value = value .. '\0' end
  local window, state, owner, steps = struct.unpack(SLOT, value)
  local last = steps == NEVER and 0 or math.min(now, window - steps * STEP)
  if window > now then
    looked_window, looked_state = window, state
    return { window = window, state = state, owner = owner, last = last }, last
  end
  -- The end of the send that held it is unknown.
  return nil, state == HELD and window or last
end

-- Until when windows are open, for a change of the policy. It outlives the table.
local open_until
local function note_window(window)
  open_until = open_until or tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or 0) or 0
  if window <= open_until then return end
  open_until = window
  redis.call('HSET', CHANNEL, 'slotsUntil', string.format('%.0f', window))
end

-- Of a slot that is about to be written.
local function count_change(recipient, window, state)
  if looked_at ~= recipient then load_slot(recipient) end
  if looked_window then count_slot(looked_window, looked_state, -1) end
  count_slot(window, state, 1)
  looked_window, looked_state = window > now and window or nil, state
end

local function save_slot(recipient, window, state, owner, last)
  count_change(recipient, window, state)
  local steps = NEVER
  if last + slots.ttl > now then
    steps = math.min(NEVER - 1, math.floor(math.max(0, window - last) / STEP))
  end
  slots:put(recipient, struct.pack(SLOT, window, state, owner, steps))
  note_window(window)
end

-- Rule 6: from when on the ledger knows all that was sent for the longest day that the platform may mean. A memory that was
-- lost, or kept for a shorter time, has to be made again.
local function remember_from(platform_day, known, unknown)
  local kept = tonumber(redis.call('HGET', CHANNEL, 'platformDay') or 0) or 0
  if unknown or (known and kept < platform_day) then
    redis.call('HSET', CHANNEL, 'presumeFrom', string.format('%.0f', now + platform_day))
  end
  redis.call('HSET', CHANNEL, 'platformDay', string.format('%.0f', platform_day))
end

-- The slot is free; what is known of the player's last message stays.
local function free_slot(recipient, last)
  count_change(recipient, 0, SENT)
  if last + slots.ttl <= now then return slots:remove(recipient) end
  slots:put(recipient, struct.pack(SLOT, last, SENT, NOBODY, 0))
end

-- `at` is when it was; an entry's life counts from its stamp, when it was recorded or renewed: a play of years ago is news
-- about a player, too.
local PLAY = '>I6c1I6'

local function load_play(plays, recipient)
  local value = plays:get(recipient)
  if not value then return nil end
  local stamp, kind, at = struct.unpack(PLAY, value)
  return { stamp = stamp, kind = kind, at = at }
end

local function save_play(plays, recipient, stamp, kind, at)
  plays:put(recipient, struct.pack(PLAY, stamp, kind, at))
end

-- What is known of a player is kept while it is needed or recorded again. It stays as old as it is, for a later
-- play may still be recorded.
local function renew_play(plays, recipient, play)
  if now - play.stamp > plays.ttl / 2 then save_play(plays, recipient, now, play.kind, play.at) end
end
