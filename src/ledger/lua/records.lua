-- What the three tables hold, packed. Times are milliseconds since the epoch by the store's clock; 0 is "never".
-- A message is `fp`, eleven characters of its id's hash.

-- ENLISTED: enqueued, and not admitted yet. ASKING: the platform is being asked what became of a doubtful send.
local ENLISTED, OPEN, SENDING, ASKING = 'e', 'o', 's', 'a'
local DELIVERED, SUPPRESSED, DEAD = 'd', 'x', 'l'
local HELD, SENT, TAKEN = 'h', 's', 't'
local PLAYED, REFUSED = 'p', 'r'

local DAY = 86400000
local NO_NONCE = '--------'
local ASKED = '++++++++' -- in place of the nonce of an open record: the platform was asked about its doubt
local NO_JOB = '------'
-- In place of a job's first character: the record is of a campaign's message. All of it: that message is to be cancelled at its
-- first admission.
local CAMPAIGN_MARK, WITHDRAWN = '+', '++++++'
local CANCELLED = 15 -- the number of that reason in reasons.ts

local function is_final(record)
  return record.state == DELIVERED or record.state == SUPPRESSED or record.state == DEAD
end

local function in_flight(record)
  return record.state == SENDING or record.state == ASKING
end

-- An enlisted record only says that its message is in the queue. A live one is followed through its sends. A final one
-- only has to say what became of the message, and by which job: the same job meets its own verdict again, another job
-- with the same id is a duplicate for a day. It keeps the nonce it was settled with, so that the repetition of a
-- settlement whose answer was lost is `first` again.
-- `attempts` are those that count against the budget, `waived` the requests that left and do not; a final record has
-- their sum. The job of a record that is not final is the one that the store was given together with the record, or
-- NO_JOB: then nothing says whether one of the message is in the queue.
local ENLISTED_AS, ENLISTED_BYTES = '>I6c1I2c6', 15
local LIVE, LIVE_BYTES = '>I6c1I2I2I2I6c8I6I6c6', 45
local FINAL = '>I6c1I2I2BI6c6c8'
-- Without doubt, as almost all are, the deadline counts from the birth and the doubt is left out. This is shorter than
-- what older versions wrote, so that a worker of such a version cannot read it, and not misread it.
local CERTAIN, CERTAIN_BYTES, FARTHEST = '>I6c1I2I2I2I6c8I5c6', 38, 2 ^ 40 - 1
-- Behind one of these three, the instant before which a message that was rescheduled is not sent.
local NOT_BEFORE, NOT_BEFORE_BYTES = '>I6', 6
local RESCHEDULED = {}
for _, bytes in ipairs({ ENLISTED_BYTES, CERTAIN_BYTES, LIVE_BYTES }) do RESCHEDULED[bytes + NOT_BEFORE_BYTES] = true end
-- As older versions wrote live records: without a job, and before that without waived requests.
local OLDER_LIVE, OLDER_LIVE_BYTES = '>I6c1I2I2I2I6c8I6I6', 39
local OLDEST_LIVE, OLDEST_LIVE_BYTES = '>I6c1I2I2I6c8I6I6', 37

local function unpack_live(value, r)
  if #value == CERTAIN_BYTES then
    local ahead
    r.expires, r.state, r.run, r.attempts, r.waived, r.born, r.nonce, ahead, r.job = struct.unpack(CERTAIN, value)
    r.deadline, r.doubt_at = ahead > 0 and r.born + ahead or 0, 0
  elseif #value == OLDEST_LIVE_BYTES then
    r.expires, r.state, r.run, r.attempts, r.born, r.nonce, r.deadline, r.doubt_at = struct.unpack(OLDEST_LIVE, value)
    r.waived, r.job = 0, NO_JOB
  else
    local layout = #value == OLDER_LIVE_BYTES and OLDER_LIVE or LIVE
    r.expires, r.state, r.run, r.attempts, r.waived, r.born, r.nonce, r.deadline, r.doubt_at, r.job =
      struct.unpack(layout, value)
    if layout == OLDER_LIVE then r.job = NO_JOB end
  end
end

local function decode_record(value)
  local r = { state = string.sub(value, 7, 7), not_before = 0 }
  if not is_final(r) and RESCHEDULED[#value] then
    r.not_before = struct.unpack(NOT_BEFORE, value, #value - NOT_BEFORE_BYTES + 1)
    value = string.sub(value, 1, -NOT_BEFORE_BYTES - 1)
  end
  if r.state == ENLISTED then
    r.expires, r.state, r.run, r.job = struct.unpack(ENLISTED_AS, value)
    r.attempts, r.waived, r.born, r.nonce, r.deadline, r.doubt_at, r.fresh = 0, 0, now, NO_NONCE, 0, 0, true
  elseif r.state == OPEN or in_flight(r) then
    unpack_live(value, r)
  else
    r.expires, r.state, r.run, r.attempts, r.reason, r.at, r.job, r.nonce = struct.unpack(FINAL, value)
    r.waived = 0
  end
  return r
end

local function encode_live(r)
  local ahead = r.deadline > 0 and r.deadline - r.born or 0
  -- Below zero: the store's clock was set back since the birth.
  if r.doubt_at == 0 and ahead >= 0 and ahead <= FARTHEST then
    return struct.pack(CERTAIN, r.expires, r.state, r.run, r.attempts, r.waived, r.born, r.nonce, ahead, r.job)
  end
  return struct.pack(LIVE, r.expires, r.state, r.run, r.attempts, r.waived, r.born, r.nonce, r.deadline, r.doubt_at,
    r.job)
end

local function encode_record(r)
  if is_final(r) then
    return struct.pack(FINAL, r.expires, r.state, r.run, r.attempts, r.reason, r.at, r.job, r.nonce)
  end
  local value = r.state == ENLISTED and struct.pack(ENLISTED_AS, r.expires, r.state, r.run, r.job) or encode_live(r)
  return r.not_before > 0 and value .. struct.pack(NOT_BEFORE, r.not_before) or value
end

local function campaign_job(job) return CAMPAIGN_MARK .. string.sub(job, 2) end

local function is_of_campaign(record) return string.sub(record.job, 1, 1) == CAMPAIGN_MARK end

-- The record of the first admission or settlement of a message that has none: its job came without one, or is of a campaign.
local function new_record(expires, run, campaign_of_job)
  return { state = OPEN, expires = expires, run = run, attempts = 0, waived = 0, born = now, nonce = NO_NONCE,
    deadline = 0, doubt_at = 0, not_before = 0, job = campaign_of_job and campaign_job(campaign_of_job) or NO_JOB, fresh = true }
end

-- The record of a message whose job is added in the same call.
local function enlisted_record(expires, run, job)
  return { state = ENLISTED, expires = expires, run = run, job = job, not_before = 0 }
end

-- Rule 4: past its deadline a send is unknown, never free. Nothing has to run at that moment: the record says so to
-- the next reader. What it was before is kept beside, until another grant writes over it.
local function lapse(r)
  if in_flight(r) and now > r.deadline then
    r.lapsed, r.lapsed_state, r.lapsed_nonce, r.lapsed_doubt_at = true, r.state, r.nonce, r.doubt_at
    if r.state == SENDING and r.doubt_at == 0 then r.doubt_at = r.deadline end
    r.state, r.nonce = OPEN, NO_NONCE
  end
  return r
end

-- The send's own answer came after all, and nothing was granted since: that is proof, however late.
local function undo_lapse(r, nonce)
  if r.lapsed and r.lapsed_nonce == nonce then
    r.state, r.nonce, r.doubt_at, r.lapsed = r.lapsed_state, nonce, r.lapsed_doubt_at, nil
  end
end

local records = open_table(RECORDS, 0)

-- Slots are kept for the longest day that the platform may mean beyond the end of their window: until then a quota refusal
-- may be owed to what was sent in it (rule 6).
local slots = open_table(SLOTS, 0)
local function keep_slots(platform_day) slots.ttl = platform_day end

local function load_record(fp)
  local value = records:get(fp)
  return value and lapse(decode_record(value)) or nil
end

-- An id may be used again a day after its final state. One that was cancelled may not, as long as its record lasts: the job
-- that carries the message may lie in the queue until its `sendAt`, and nothing else would keep it from being sent.
local function may_be_used_again(record)
  return is_final(record) and record.reason ~= CANCELLED and now >= record.at + DAY
end

-- Whether the state that is final is this job's. A message that was cancelled before its record knew a job has none.
local function is_of_job(record, job)
  return record.job == job or record.job == NO_JOB or (is_of_campaign(record) and record.job == campaign_job(job))
end

-- To another job, the final state of an id that may be used again belongs to a life past. Not so in a campaign, however long it
-- takes: nobody gets it twice.
local function load_life(fp, job, campaign)
  local record = load_record(fp)
  if record and not campaign and record.job ~= job and may_be_used_again(record) then return nil end
  return record
end

-- A message may be cancelled or rescheduled while nothing of it is in flight or in doubt.
local function is_pending(record)
  return not is_final(record) and not in_flight(record) and record.doubt_at == 0
end

-- Cancelled by somebody whose counters nobody reads, and not yet counted by the worker that meets it first.
local function is_uncounted(record)
  return is_final(record) and record.reason == CANCELLED and record.nonce == NO_NONCE
end

-- Requests of the run that left for the platform.
local function requests(r)
  return r.attempts + r.waived
end

local function save_record(fp, r)
  records:put(fp, encode_record(r))
end

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
  if not value then return nil, 0 end
  -- An earlier version kept no such byte: the window's end is the latest that it can have been.
  if #value == SLOT_BYTES - 1 then value = value .. '\0' end
  local s = {}
  local steps
  s.window, s.state, s.owner, steps = struct.unpack(SLOT, value)
  s.last = steps == NEVER and 0 or math.min(now, s.window - steps * STEP)
  if s.window > now then return s, s.last end
  -- The end of the send that held it is unknown.
  return nil, s.state == HELD and s.window or s.last
end

-- Until when windows are open, for a change of the policy. It outlives the table.
local open_until
local function note_window(window)
  open_until = open_until or tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or 0) or 0
  if window <= open_until then return end
  open_until = window
  redis.call('HSET', CHANNEL, 'slotsUntil', string.format('%.0f', window))
end

local function save_slot(recipient, window, state, owner, last)
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
