-- The records of messages, and how they are packed. Times are milliseconds since the epoch by the store's clock; 0 is "never".
-- A message is named by its fingerprint `fp`: eleven characters of the hash of its id.
-- Uses tables.lua.

-- ENLISTED: enqueued, and not admitted yet. OPEN: admitted, and nothing of it is in flight. ASKING: the platform is being asked what
-- became of a send in doubt.
local ENLISTED, OPEN, SENDING, ASKING = 'e', 'o', 's', 'a'
local DELIVERED, SUPPRESSED, DEAD = 'd', 'x', 'l'

local DAY = 86400000
local NO_NONCE = '--------'
local ASKED = '++++++++' -- in place of the nonce of an open record: the platform has been asked about its doubt
local NO_JOB = '------'
-- CAMPAIGN_MARK stands for the first character of a job: the record is of a campaign's message. WITHDRAWN stands for the whole job:
-- that message was cancelled before it had a record, and ends as cancelled with its first admission.
local CAMPAIGN_MARK, WITHDRAWN = '+', '++++++'
local CANCELLED = 15 -- the number of that reason in reasons.ts

local FINAL_STATES = { [DELIVERED] = true, [SUPPRESSED] = true, [DEAD] = true }

local function is_final(record) return FINAL_STATES[record.state] end

local function in_flight(record)
  return record.state == SENDING or record.state == ASKING
end

-- A record has one of three layouts:
--   enlisted  says only that its message is in the queue
--   live      follows the message through its sends
--   final     says what became of the message, and by which job: that job gets the same verdict again, while another job of the id
--             is a duplicate for a day. It keeps the nonce that it was settled with, so that the repetition of a settlement whose
--             answer was lost is `first` again
-- Fields: `attempts` are the requests that count against the budget, `waived` those that left and do not count; a final record has
-- their sum as `attempts`. `job` of a record that is not final is the job that was added together with the record. NO_JOB means that
-- there was none: nothing then says whether a job of the message is in the queue.
local ENLISTED_AS, ENLISTED_BYTES = '>I6c1I2c6', 15
local LIVE, LIVE_BYTES = '>I6c1I2I2I2I6c8I6I6c6', 45
local FINAL, FINAL_BYTES = '>I6c1I2I2BI6c6c8', 32
-- The layout of live records without a doubt, as almost all are: the deadline counts from the birth, and the doubt is left out. It is
-- shorter than any layout of older versions, so that a worker of such a version fails to read it, rather than misreads it.
local CERTAIN, CERTAIN_BYTES, FARTHEST = '>I6c1I2I2I2I6c8I5c6', 38, 2 ^ 40 - 1
-- Two optional tails of an enlisted or live record: the instant before which a message that was rescheduled is not sent, and for how
-- many milliseconds its recipient has kept it waiting.
local NOT_BEFORE, NOT_BEFORE_BYTES = '>I6', 6
local KEPT, KEPT_BYTES, LONGEST_KEPT = '>I4', 4, 2 ^ 32 - 1

-- A script may have two hundred local names at its top (a limit of Lua), so what only this block uses is local to it.
local decode_record
do
  -- Live records of older versions: those of the last one have no job, those before that no waived requests either.
  local OLDER_LIVE, OLDER_LIVE_BYTES = '>I6c1I2I2I2I6c8I6I6', 39
  local OLDEST_LIVE, OLDEST_LIVE_BYTES = '>I6c1I2I2I6c8I6I6', 37

  -- Each record is made by one constructor: Lua would allocate a table that grows field by field several times. `stored`: when the
  -- record expires, as it is stored.
  local function certain_record(value)
    local expires, state, run, attempts, waived, born, nonce, ahead, job = struct.unpack(CERTAIN, value)
    return { expires = expires, stored = expires, state = state, run = run, attempts = attempts, waived = waived, born = born,
      nonce = nonce, deadline = ahead > 0 and born + ahead or 0, doubt_at = 0, job = job, not_before = 0 }
  end

  local function older_record(value)
    local r = { waived = 0, job = NO_JOB, not_before = 0 }
    if #value == OLDEST_LIVE_BYTES then
      r.expires, r.state, r.run, r.attempts, r.born, r.nonce, r.deadline, r.doubt_at = struct.unpack(OLDEST_LIVE, value)
    else
      r.expires, r.state, r.run, r.attempts, r.waived, r.born, r.nonce, r.deadline, r.doubt_at =
        struct.unpack(OLDER_LIVE, value)
    end
    r.stored, r.was_in_doubt = r.expires, r.doubt_at > 0
    return r
  end

  local function live_record(value)
    local expires, state, run, attempts, waived, born, nonce, deadline, doubt_at, job = struct.unpack(LIVE, value)
    return { expires = expires, stored = expires, state = state, run = run, attempts = attempts, waived = waived, born = born,
      nonce = nonce, deadline = deadline, doubt_at = doubt_at, was_in_doubt = doubt_at > 0, job = job, not_before = 0 }
  end

  local function final_record(value)
    local expires, state, run, attempts, reason, at, job, nonce = struct.unpack(FINAL, value)
    return { expires = expires, stored = expires, state = state, run = run, attempts = attempts, waived = 0, reason = reason,
      at = at, job = job, nonce = nonce, not_before = 0 }
  end

  local function unadmitted_record(value)
    local expires, state, run, job = struct.unpack(ENLISTED_AS, value)
    return { expires = expires, stored = expires, state = state, run = run, attempts = 0, waived = 0, born = now,
      nonce = NO_NONCE, deadline = 0, doubt_at = 0, job = job, not_before = 0, fresh = true }
  end

  -- No two layouts have the same length, with or without tails.
  local DECODERS = { [ENLISTED_BYTES] = unadmitted_record, [CERTAIN_BYTES] = certain_record, [LIVE_BYTES] = live_record,
    [OLDER_LIVE_BYTES] = older_record, [OLDEST_LIVE_BYTES] = older_record, [FINAL_BYTES] = final_record }
  local TAILS = { NOT_BEFORE_BYTES, KEPT_BYTES, NOT_BEFORE_BYTES + KEPT_BYTES }

  -- A record with one of the tails, or both.
  local function tailed_record(value)
    for _, tail in ipairs(TAILS) do
      local head = #value - tail
      if head == ENLISTED_BYTES or head == CERTAIN_BYTES or head == LIVE_BYTES then
        local r = DECODERS[head](string.sub(value, 1, head))
        if tail ~= KEPT_BYTES then r.not_before = struct.unpack(NOT_BEFORE, value, head + 1) end
        if tail ~= NOT_BEFORE_BYTES then r.kept = struct.unpack(KEPT, value, #value - KEPT_BYTES + 1) end
        return r
      end
    end
    -- One that is over counts as none, whatever wrote it: an id must not be lost for ever to the layout of a later version.
    local expires = struct.unpack('>I6', value)
    if expires <= now then return { expires = expires } end
    error('a record of ' .. #value .. ' bytes cannot be read')
  end

  function decode_record(value)
    local decode = DECODERS[#value] or tailed_record
    return decode(value)
  end
end

local function encode_live(r)
  local ahead = r.deadline > 0 and r.deadline - r.born or 0
  -- The short layout with both tails would be as long as one of an older version, which would misread it. `ahead` is below zero
  -- where the store's clock was set back since the birth.
  local both = r.kept and r.not_before > 0
  if r.doubt_at == 0 and not both and ahead >= 0 and ahead <= FARTHEST then
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
  if r.not_before > 0 then value = value .. struct.pack(NOT_BEFORE, r.not_before) end
  return r.kept and value .. struct.pack(KEPT, r.kept) or value
end

local function campaign_job(job) return CAMPAIGN_MARK .. string.sub(job, 2) end

local function is_of_campaign(record) return string.sub(record.job, 1, 1) == CAMPAIGN_MARK end

-- For a message that has no record at its first admission or settlement: its job was added without one (by a producer in another
-- language, or as a job of a campaign). `fresh`: it is not stored yet. `own_job`: where another message has had the id, whose job may still
-- be in the queue, and must not take this record for its own.
local function new_record(expires, run, campaign_of_job, own_job)
  return { state = OPEN, expires = expires, run = run, attempts = 0, waived = 0, born = now, nonce = NO_NONCE,
    deadline = 0, doubt_at = 0, not_before = 0, fresh = true,
    job = campaign_of_job and campaign_job(campaign_of_job) or own_job or NO_JOB }
end

-- The record of a message whose job is added in the same call.
local function enlisted_record(expires, run, job)
  return { state = ENLISTED, expires = expires, run = run, job = job, not_before = 0 }
end

-- Rule 4: past its deadline a send is unknown, never free. Nothing has to run at that moment, because whoever reads the record next
-- lets it lapse. What it was before is remembered in `lapsed_…` for `undo_lapse`.
local function lapse(r)
  if in_flight(r) and now > r.deadline then
    r.lapsed, r.lapsed_state, r.lapsed_nonce, r.lapsed_doubt_at = true, r.state, r.nonce, r.doubt_at
    if r.state == SENDING and r.doubt_at == 0 then r.doubt_at = r.deadline end
    r.state, r.nonce = OPEN, NO_NONCE
  end
  return r
end

-- The send's own answer came after all, and nothing was granted since. However late, that is proof: the record is as before the lapse.
local function undo_lapse(r, nonce)
  if r.lapsed and r.lapsed_nonce == nonce then
    r.state, r.nonce, r.doubt_at, r.lapsed = r.lapsed_state, nonce, r.lapsed_doubt_at, nil
  end
end

local records = open_table(RECORDS, 0, nil, SMALL_BUCKET)

-- The record as it is stored, not lapsed, or nil.
local function stored_record(fp)
  local value = records:find(fp)
  if not value then return nil end
  local record = decode_record(value)
  return record.expires > now and record or nil
end

local function load_record(fp)
  local record = stored_record(fp)
  return record and lapse(record)
end

-- An id may be used again a day after its final state, but not the id of a cancelled message while its record lasts: the job of that
-- message may lie in the queue until its `sendAt`, and only the record keeps it from being sent.
local function may_be_used_again(record)
  return is_final(record) and record.reason ~= CANCELLED and now >= record.at + DAY
end

-- Whether a final record is this job's own. A record without a job (cancelled, before it knew one) is any job's.
local function is_of_job(record, job)
  return record.job == job or record.job == NO_JOB or (is_of_campaign(record) and record.job == campaign_job(job))
end

-- Whether a record that is not final is another message's, with which this job's shares its id: it was enqueued while this job still lay in
-- the queue, a day after this job's message had ended. A campaign names no two messages alike.
local function is_of_another(record, job, campaign)
  return not campaign and not is_of_job(record, job)
end

-- The record as this job meets it. Where the id may be used again, another job starts anew, as if there were no record. Not so in a
-- campaign: nobody gets its message twice, however long the campaign takes. Returns also whether there was another's.
local function load_life(fp, job, campaign)
  local record = load_record(fp)
  if record and not campaign and record.job ~= job and may_be_used_again(record) then return nil, true end
  return record, false
end

-- The same for a message that most likely died by this job: of its record only what a replay needs of it is then read, since a whole record
-- costs more than the rest of the reading.
local function load_death(fp, job)
  local value = records:find(fp)
  if value and #value == FINAL_BYTES then
    local expires, state, run, _, _, _, own = struct.unpack(FINAL, value)
    if state == DEAD and own == job and expires > now then return { state = DEAD, run = run, job = job, stored = expires } end
  end
  return load_life(fp, job)
end

-- A message may be cancelled or rescheduled while nothing of it is in flight or in doubt.
local function is_pending(record)
  return not is_final(record) and not in_flight(record) and record.doubt_at == 0
end

-- Whether a cancelled message is still to be counted: whoever cancels has no counters that are read, so the first worker that meets
-- the record counts it.
local function is_uncounted(record)
  return is_final(record) and record.reason == CANCELLED and record.nonce == NO_NONCE
end

-- Requests of the run that left for the platform.
local function requests(r)
  return r.attempts + r.waived
end

-- The gauges need the number of records in doubt. `was_in_doubt` says whether the record is counted, as it is stored. Doubts are rare,
-- so that a command when one begins and one when it ends cost little.
local save_record
do
  local function note_doubt(r)
    local in_doubt = not is_final(r) and r.doubt_at ~= nil and r.doubt_at > 0
    if in_doubt == (r.was_in_doubt or false) then return end
    r.was_in_doubt = in_doubt
    local doubts = add_count(CHANNEL, 'doubts', in_doubt and 1 or -1)
    -- A doubt has ended that was not counted, because an earlier version began it.
    if doubts < 0 then redis.call('HDEL', CHANNEL, 'doubts') end
  end

  function save_record(fp, r)
    note_doubt(r)
    records:put(fp, encode_record(r), r.expires, r.stored)
  end
end

-- Writes the record of a message whose job is added in the same call: what `save_record` does with an enlisted record, in less time.
-- `stored`: when the record that it takes the place of expires, where that was read.
local function enlist_record(fp, expires, run, job, stored)
  records:put(fp, struct.pack(ENLISTED_AS, expires, ENLISTED, run, job), expires, stored)
end
