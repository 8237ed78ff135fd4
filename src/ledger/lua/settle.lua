-- Settlement: records what attempts and final verdicts came to, for a batch of messages.
--
-- ARGV[1]: options as JSON
--   keep how many receipts the stream keeps; deadReasons all of them in order, and firstDead the code of the first
--   playTtl; platformDay; rolling the length of rolling windows (absent for calendar ones); quota whether there is one;
--   claimTtl (absent: deliveries claim nothing)
-- ARGV[2]: the final states that runs are to end with, each once, a JSON array of { state, reason code, reason }
-- ARGV[3]: settlements (`Settlement` in types.ts), a flat JSON array of twelve entries each. To read names and small objects would
--   cost more than to settle.
--   m message, n nonce, j job (hashed names), id, jobId, e when it expires, r recipient
--   effect, what the attempt did to slot and record:
--     delivered | doubt (it may have arrived) | absent (proof that a send in doubt never arrived) | spent (known failure)
--     back (nothing left the worker) | waived (the platform refused, but that costs no attempt) | none (a verdict, no grant was held)
--   final: the position of the state that the run is to end with, 0 where it goes on
--   health: 1 the platform answered, -1 it did not, 0 it was not asked
--   window: when the window of the grant's slot ends, 0 where that is not known
--   what few settlements have, an object, or false:
--     letter: { data index of its data in ARGV, size, t enqueued at, due, priority, detail } where it may end dead
--     job: the id of its job, where that is in the queue's failed set and to be taken out
--     campaign: the one that the message is of; uncounted: it does not count there, because it was replayed and not listed
--     run: the one that it was told of, where a verdict is told again
--     foreign: another sender used the slot; refused: the platform says "has not played"
--     platformMessageId; meta and to for the receipt; rest: { reason, ms }; stop: { reason, credentials }
--     wait: { cause, second when it is due, enqueued at, ms that its recipient keeps it waiting }: how it waits from here on
-- ARGV[4] and on: the data of dead letters.
--
-- Answers for each { status, run, attempts }, with the statuses of `Settled` in types.ts. A number alone stands for so many in a row that were
-- `first` in the first run with one request. Unless the status is `first`, state and reason code of the record follow. Where the platform did not answer
-- they follow too, and then the number of failures in a row and how often the breaker has opened.
-- Uses tables.lua, records.lua, slots.lua, channel.lua, waits.lua, claims.lua, receipts.lua, campaigns.lua, entries.lua, dead-letters.lua, failed.lua.

-- Fails if the key of the receipts holds another type, before a record becomes final without a receipt.
redis.call('XLEN', RECEIPTS)

local options = cjson.decode(ARGV[1])
local finals, entries = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local plays = open_plays(options.playTtl)
keep_slots(options.platformDay, options.rolling)
local claims = options.claimTtl and open_claims(options.claimTtl)

-- Brings the recipient's slot to a state; nil frees it. A rolling window counts from the settlement. Where a request of the run may
-- still be on its way (`doubt`), the window counts from that request's deadline, if that is later.
local function slot_to(s, state, record, doubt)
  if not options.quota then return end
  local slot = load_slot(s.r)
  if not slot or slot.owner ~= s.m then
    -- The proof of delivery came late, and another message may have the slot by now. All that is noted is that the player was sent
    -- something.
    if state ~= SENT then return end
    if not slot then return free_slot(s.r, now) end
    return save_slot(s.r, slot.window, slot.state, slot.owner, now)
  end
  if state == nil then return free_slot(s.r, slot.last) end
  local window = options.rolling and now + options.rolling or slot.window
  if not doubt then return save_slot(s.r, window, state, s.m, now) end
  save_slot(s.r, math.max(window, slot.window), state, s.m, math.max(now, record.deadline or 0))
end

local STATE = { delivered = DELIVERED, suppressed = SUPPRESSED, dead = DEAD }

-- A campaign's recipient whom another job of it has as well is a duplicate, once that other run has ended (or was replayed).
local function note_duplicate(record, s)
  local other = s.campaign and not is_of_job(record, s.j)
  if other and (is_final(record) or record.run > 1) then note_campaign_duplicate(s.campaign, s.jobId) end
end

-- Rule 9: makes the run's state final, with dead letter, receipt and counts.
local function finish(record, s)
  note_duplicate(record, s)
  record.state, record.reason, record.at = STATE[s.final[1]], s.final[2], now
  record.job, record.nonce = s.j, s.n
  record.attempts, record.waived = math.min(requests(record), 65535), 0
  -- The record may have been made for another job of the same name, whose message expires earlier.
  record.expires = math.max(record.expires, math.max(s.e, now) + DAY)
  -- The letter comes first: a script that fails takes nothing back, and must not leave a message dead without its letter.
  if record.state == DEAD then
    keep_dead_letter(s, { reason = s.final[3], run = record.run, attempts = record.attempts, at = now })
  end
  save_record(s.m, record)
  add_receipt(record, s, options.keep)
  if s.campaign then note_campaign_end(s.campaign, record, s.uncounted, s.final[1], s.final[3]) end
  return 'first'
end

-- Rule 3: `delivered` by any attempt of the owner wins and sticks, however late it comes.
local function settle_delivered(record, s)
  local ended = is_final(record)
  local doubt = ended or record.doubt_at > 0
  local holds = not doubt and record.nonce == s.n and in_flight(record)
  if holds and s.window > 0 and not options.rolling then
    spend_slot(s.r, s.window, s.m)
  else
    slot_to(s, SENT, record, doubt)
  end
  if not ended then return finish(record, s) end
  if record.state ~= DELIVERED then
    -- The run had ended otherwise, and that was reported: this state is not the first. Of a message that arrived, nothing is left to
    -- replay.
    local letter = record.job == s.j and find_dead_letter(s.jobId)
    if letter and letter.m == s.m then
      drop_dead_letters({ [s.jobId] = letter })
      count_total('removed:delivered', 1)
    end
    record.state, record.reason, record.nonce = DELIVERED, s.final[2], NO_NONCE
    save_record(s.m, record)
  end
  return 'known'
end

-- Rules 3 and 5: only the holder of the grant settles its attempt. A known failure gives the slot back, unless an earlier attempt of
-- the run is still in doubt.
local function settle_attempt(record, s)
  undo_lapse(record, s.n)
  if record.nonce ~= s.n or not in_flight(record) then return 'stale' end
  if (s.effect == 'back' or s.effect == 'waived') and record.state == SENDING then
    record.attempts = math.max(record.attempts - 1, 0)
    if s.effect == 'waived' then record.waived = math.min(record.waived + 1, 65535) end
  end
  if s.effect == 'absent' then record.doubt_at = 0 end
  if s.effect == 'doubt' and record.doubt_at == 0 then record.doubt_at = math.min(now, record.deadline) end
  -- Nothing was asked if the question never left the worker.
  local asked = record.state == ASKING and s.effect ~= 'back'
  record.state, record.nonce = OPEN, asked and ASKED or NO_NONCE
  local doubt = record.doubt_at > 0
  if not doubt then slot_to(s, s.foreign and TAKEN or nil, record) end
  local final = s.final
  -- A run in doubt ends as unconfirmed, or not at all.
  if final and doubt and final[3] ~= 'unconfirmed' then final = nil end
  if final then
    if doubt then slot_to(s, TAKEN, record, true) end
    return finish(record, s)
  end
  save_record(s.m, record)
  return doubt and 'doubt' or 'open'
end

-- Adds up in the record for how long the recipient has kept the message waiting. A record that has lapsed is not written, since the
-- answer of its send may still come (`undo_lapse`).
local function note_kept(record, s)
  local kept = s.wait and s.wait[4]
  if not kept or record.lapsed then return end
  record.kept, record.kept_longer = math.min((record.kept or 0) + kept, LONGEST_KEPT), true
end

-- A verdict ends the run, or only lets the message wait. It cannot end one of which a send is in flight, nor one that began since, and ends a
-- run in doubt only as unconfirmed.
local function settle_verdict(record, s)
  if is_of_another(record, s.j, s.campaign) then return 'known' end
  if s.run and record.run > s.run then return 'stale' end
  -- Told again to a store that has lost the record.
  if s.run and record.fresh then record.run = s.run end
  if not s.final then
    -- The message waits. From its first wait on its record is live, and shows for how long its recipient has kept it waiting.
    if record.fresh then record.state = OPEN end
    if record.fresh or record.kept_longer then save_record(s.m, record) end
    if record.fresh and s.campaign then note_campaign_begin(s.campaign, record, s.uncounted) end
    return 'open'
  end
  if in_flight(record) then return 'stale' end
  local doubt = record.doubt_at > 0
  if doubt ~= (s.final[3] == 'unconfirmed') then return 'stale' end
  if doubt then slot_to(s, TAKEN, record, true) end
  return finish(record, s)
end

local function settle(record, s)
  local delivered = s.effect == 'delivered'
  if is_final(record) then
    -- The repetition of a settlement whose answer was lost is `first` again (rule 9).
    local proof = delivered and record.state ~= DELIVERED
    if record.nonce == s.n and not proof then return 'first' end
    note_duplicate(record, s)
    if not delivered then return 'known' end
  end
  if delivered then return settle_delivered(record, s) end
  note_kept(record, s)
  if s.effect == 'none' then return settle_verdict(record, s) end
  return settle_attempt(record, s)
end

local function settle_one(s)
  local record, used_again = load_life(s.m, s.j, s.campaign)
  record = record or new_record(math.max(s.e, now) + DAY, 1, s.campaign and not s.uncounted and s.j, used_again and s.j)
  local status = s.job and take_up(record, s, options, settle) or settle(record, s)
  if s.refused then save_play(plays, s.r, now, REFUSED, now) end
  if claims and s.platformMessageId then save_claim(claims, s.platformMessageId, s.m) end
  if status ~= 'stale' then
    note_channel(s)
    if s.wait then note_wait(s.wait[1], s.wait[2] * 1000, 1, s.wait[3]) end
  end
  local sent = requests(record)
  if status == 'first' and s.health ~= -1 and record.run == 1 and sent == 1 then return 1 end
  local told = { status, record.run, sent }
  if status ~= 'first' or s.health == -1 then told[4], told[5] = record.state, record.reason or 0 end
  if s.health == -1 then
    local health = redis.call('HMGET', CHANNEL, 'failures', 'opens')
    told[6], told[7] = figure(health[1]), figure(health[2])
  end
  return told
end

local ENTRIES = 12
local function settlement_at(at)
  return { m = entries[at + 1], n = entries[at + 2], j = entries[at + 3], id = entries[at + 4], jobId = entries[at + 5],
    e = entries[at + 6], r = entries[at + 7], effect = entries[at + 8], final = finals[entries[at + 9]], health = entries[at + 10],
    window = entries[at + 11], plain = not entries[at + 12] }
end

-- A number is as many in a row that ended at once.
local answer = {}
each_entry(entries, ENTRIES, settlement_at, function(s)
  local told, last = settle_one(s), answer[#answer]
  if told == 1 and type(last) == 'number' then
    answer[#answer] = last + 1
  else
    answer[#answer + 1] = told
  end
end)
return answer
