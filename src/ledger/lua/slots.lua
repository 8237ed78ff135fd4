-- What the ledger knows of a recipient: the slot of the open window, and the last play, which decides who is eligible. Both are packed as
-- records are.
-- Uses tables.lua.

local HELD, SENT, TAKEN = 'h', 's', 't'
local PLAYED, REFUSED = 'p', 'r'

-- A slot is kept beyond the end of its window, for the longest day that the platform may mean: until then a quota refusal may be
-- owed to what was sent in that window (rule 6).
local slots = open_table(SLOTS, 0)

-- The gauges need how many slots are held and how many spent, counted by the end of their window. Rolling windows end at any time, so
-- they are counted in steps of a ninety-sixth of their length. A call adds up what it changes, and writes it at its end.
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

  -- To be called before slots are written. `rolling`: the length of rolling windows, absent for calendar ones.
  function keep_slots(platform_day, rolling)
    slots.ttl = platform_day
    if rolling then slot_step = math.max(1, math.floor(rolling / 96)) end
  end
end

local load_slot, save_slot, spend_slot, free_slot
do
  -- A slot: the end of its window, its state, its owner, and when the player may last have been sent something (by the owner if the slot
  -- is spent, by the message before it if it is held). That instant takes one byte: how long before the window's end it was, in steps of
  -- twelve minutes, rounded to the later instant.
  local SLOT = '>I6c1c11B'
  local SLOT_BYTES = 19
  local STEP, NEVER = 720000, 255
  local NOBODY = '-----------'

  -- When a player may last have been sent something, by that byte.
  local function last_by(window, steps)
    return steps == NEVER and 0 or math.min(now, window - steps * STEP)
  end

  local function read_slot(recipient)
    local value = slots:find(recipient)
    if not value then return nil, 0 end
    -- An earlier version kept no such byte: the window's end is the latest that it can have been.
    if #value == SLOT_BYTES - 1 then value = value .. '\0' end
    local window, state, owner, steps = struct.unpack(SLOT, value)
    if window + slots.ttl <= now then return nil, 0 end
    local last = last_by(window, steps)
    if window > now then return { window = window, state = state, owner = owner, last = last }, last end
    -- The window is over. If the slot was still held, its send may have arrived as late as the window's end.
    return nil, state == HELD and window or last
  end

  -- What was read or written last is remembered: nobody else writes during a call.
  local looked_at, looked_slot, looked_last

  -- Returns the slot of the open window, or nil; and when the player may last have been sent something, 0 for never.
  function load_slot(recipient)
    if recipient ~= looked_at then
      looked_slot, looked_last = read_slot(recipient)
      looked_at = recipient
    end
    return looked_slot, looked_last
  end

  -- Notes until when any window is open: a change of the policy has to wait for it. It is kept even when the table has expired.
  local open_until
  local function note_window(window)
    open_until = open_until or tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or 0) or 0
    if window <= open_until then return end
    open_until = window
    redis.call('HSET', CHANNEL, 'slotsUntil', string.format('%.0f', window))
  end

  -- Writes an entry, and counts its slot in place of what was there.
  local function put_slot(recipient, window, state, owner, steps)
    local before = load_slot(recipient)
    if before then count_slot(before.window, before.state, -1) end
    count_slot(window, state, 1)
    slots:put(recipient, struct.pack(SLOT, window, state, owner, steps), window)
    looked_last = last_by(window, steps)
    looked_slot = window > now and { window = window, state = state, owner = owner, last = looked_last } or nil
  end

  -- The byte of an instant at which a player may last have been sent something.
  local function steps_before(window, last)
    if last + slots.ttl <= now then return NEVER end
    return math.min(NEVER - 1, math.floor(math.max(0, window - last) / STEP))
  end

  function save_slot(recipient, window, state, owner, last)
    put_slot(recipient, window, state, owner, steps_before(window, last))
    note_window(window)
  end

  -- Spends the slot of a grant that holds. Until then nobody else writes it, so it is as its admission wrote it, and is not read. Only
  -- where a failover or a clock that was set back let another message have it meanwhile, that one's is spent unread: nobody gets a
  -- second message, and the gauges of the window are wrong by one.
  function spend_slot(recipient, window, owner)
    count_slot(window, HELD, -1)
    count_slot(window, SENT, 1)
    slots:replace(recipient, struct.pack(SLOT, window, SENT, owner, steps_before(window, now)), window)
    looked_at = nil
  end

  -- Frees the slot. When the player was last sent something stays known: the window of such an entry ended then.
  function free_slot(recipient, last)
    if last + slots.ttl > now then return put_slot(recipient, last, SENT, NOBODY, 0) end
    local before = load_slot(recipient)
    if before then count_slot(before.window, before.state, -1) end
    slots:remove(recipient)
    looked_slot, looked_last = nil, 0
  end
end

-- The end of the calendar window that holds `now`; nil if the table `windows` does not cover it.
local function window_end(windows)
  for i = 1, #windows - 1 do
    if windows[i] <= now and now < windows[i + 1] then return windows[i + 1] end
  end
  return nil
end

-- Rule 6: notes from when on the ledger knows of all that was sent within a platform's day. If it has forgotten something (`unknown`),
-- or has kept slots for a shorter day so far (`known`: a policy was in force before), that takes a whole day from now.
local function remember_from(platform_day, known, unknown)
  local kept = tonumber(redis.call('HGET', CHANNEL, 'platformDay') or 0) or 0
  if unknown or (known and kept < platform_day) then
    redis.call('HSET', CHANNEL, 'presumeFrom', string.format('%.0f', now + platform_day))
  end
  redis.call('HSET', CHANNEL, 'platformDay', string.format('%.0f', platform_day))
end

-- Puts a policy in force in place of `held` (false for none), and answers since when it is. A later change has a later instant: by it
-- workers know a store that has forgotten one.
local function put_in_force(policy, held)
  local since = tonumber(redis.call('HGET', CHANNEL, 'policySince') or 0) or 0
  if policy ~= held or since == 0 then
    since = math.max(now, since + 1)
    redis.call('HSET', CHANNEL, 'policySince', string.format('%.0f', since))
  end
  redis.call('SET', POLICY, policy)
  return since
end

-- A play: its stamp, whether the player played or was refused, and when (`at`). The entry's life counts from the stamp, which is when
-- the play was recorded or renewed, because also the news of a play of years ago has to be kept.
local PLAY = '>I6c1I6'

local function open_plays(ttl) return open_table(PLAYS, ttl, nil, SMALL_BUCKET) end

local function load_play(plays, recipient)
  local value = plays:find(recipient)
  if not value then return nil end
  local stamp, kind, at = struct.unpack(PLAY, value)
  if stamp + plays.ttl <= now then return nil end
  return { stamp = stamp, kind = kind, at = at }
end

local function save_play(plays, recipient, stamp, kind, at)
  plays:put(recipient, struct.pack(PLAY, stamp, kind, at), stamp)
end

-- Keeps a play that is still needed for another `ttl`. When it was does not change, so that a later play still replaces it.
local function renew_play(plays, recipient, play)
  if now - play.stamp > plays.ttl / 2 then save_play(plays, recipient, now, play.kind, play.at) end
end

-- Whether the recipient has not played lately enough. The later of two reports counts: the ledger's, or the message's own. A
-- refusal by the platform holds until a play after it is reported.
local function ineligible(policy, plays, message)
  if not policy.playedWithin then return false end
  local play = load_play(plays, message.r)
  local last = message.p and math.min(message.p, now)
  if play and play.kind == PLAYED then last = math.max(last or 0, play.at) end
  if not play and not last then return not policy.sendWhenUnknown end
  local refused = play and play.kind == REFUSED and play.at >= (last or 0)
  if not refused and last > now - policy.playedWithin then return false end
  if play then renew_play(plays, message.r, play) end
  return true
end
