-- Admission: decides, for each message of a batch, whether it may be sent now.
--
-- ARGV[1]: the channel's policy as JSON (`AdmissionPolicy` in policies/admission.ts); for a prediction, whether it is `despitePause` of the
--   campaign.
-- ARGV[2]: the messages, a flat JSON array of seven entries a message. To read names and small objects would cost more than to admit.
--   m message, as the hash of its id; n the nonce of this question; j its job, as a hash; r its recipient; e when it expires
--   b whether it is bulk, or false; what few messages have, an object, or false:
--     s not before; p when the recipient last played, by what the producer knows; c how many requests its send takes of the rate
--     of a campaign's message also: k the campaign; o the origin; u whether it was replayed, and thus counts in no campaign
-- ARGV[3]: the epoch that the worker relies on, empty for none.
-- ARGV[4]: is read by dry-run.lua alone.
-- ARGV[5]: for a shard only, what the channel's home leased to the worker (lease.lua), as JSON: `moments` in ms from now,
--   ascending, in place of tokens of the shard's own; `next`, when there is one beyond them; `probe`, whether one message may be
--   sent while the breaker is half open.
--
-- Answers { now, { deadline, window }, verdict, verdict … }, a verdict for each message in their order. For a shard, { how many moments
-- were used, the position of the message that is the probe, or 0 } follows. In place of all that follows `now` comes 'forgot', where the
-- store does not know the epoch, or 'policy' and the policy in force, where that is not the worker's. A verdict is a list that begins
-- with its name. { 'usual', when the record was made, n, whether a refusal proves something: 0 or 1 } stands for n in a row: first grants
-- without a wait, which have the deadline and the window above.
-- verdict.ts reads them, and `Verdict` in types.ts says what each means.
-- Uses tables.lua, records.lua, slots.lua, channel.lua, campaigns.lua, doubts.lua, entries.lua, epoch.lua.

-- Fails if the key of the receipts holds another type: a message whose receipt could not be written must not be sent.
redis.call('XLEN', RECEIPTS)

if ARGV[3] ~= '' and not is_epoch(ARGV[3]) then return { now, 'forgot' } end

local policy = cjson.decode(ARGV[1])

-- Rule 2b: the store says which policy is in force. A worker that has another one learns so here, and is granted nothing.
local in_force = redis.call('GET', POLICY)
if not in_force then
  put_in_force(policy.inForce, false)
  remember_from(policy.platformDay, false, true)
elseif in_force ~= policy.inForce then
  return { now, 'policy', in_force }
end

local entries = cjson.decode(ARGV[2])
local plays = open_plays(policy.playTtl)
keep_slots(policy.platformDay, policy.rolling)

local state = redis.call('HMGET', CHANNEL, 'opens', 'probeUntil', 'tat', 'presumeFrom')
local channel = { stop = channel_stop(), rest = channel_rest(),
  opens = figure(state[1]), probe_until = figure(state[2]), tat = figure(state[3]), presume_from = figure(state[4]) }

local calendar_end = policy.windows and not policy.rolling and window_end(policy.windows)

-- Rule 1: the message has a final record. Its own job gets that state again; another job's message of this id is a duplicate, as it is
-- while the record's own has not ended (`is_of_another`).
local function known(record, message)
  if not is_of_job(record, message.j) then
    if message.k then note_campaign_duplicate(message.k, message.o) end
    return { 'duplicate', record.run }
  end
  -- The first worker that meets a cancelled message counts it. The record keeps the nonce of that worker's question, so that a
  -- repetition of it gets the same answer.
  if is_uncounted(record) or (record.reason == CANCELLED and record.nonce == message.n) then
    record.nonce = message.n
    save_record(message.m, record)
    return { 'cancelled', record.run, record.attempts }
  end
  return { 'known', record.state, record.reason, record.run, record.attempts }
end

-- Rule 7: the slot is another message's, its owner's. A slot that is not held any more is spent. While the owner's send is in flight,
-- or in doubt and pursued, this message waits, because the slot may become free. In any other case nobody will resolve the owner's
-- send any more: the slot is taken.
local function meet_owner(message, slot)
  if slot.state ~= HELD then return { 'quota', slot.window - now } end
  local owner = load_record(slot.owner)
  if owner and in_flight(owner) then
    return { 'busy', owner.deadline - now, 1 }
  end
  if owner and not is_final(owner) and owner.doubt_at > 0 and now <= owner.doubt_at + policy.patience then
    return { 'busy', owner.doubt_at + policy.patience - now, 1 }
  end
  save_slot(message.r, slot.window, TAKEN, slot.owner, now)
  return { 'quota', slot.window - now }
end

-- Rule 8: each request of a granted send takes one token of the rate. Tokens are evenly spaced; `tat` is when the next one is free
-- ("theoretical arrival time"). A grant may lie up to `policy.ahead` ahead, for which the worker waits in place. A shard has no tokens
-- of its own: its worker brings along the moments that the home leased to it.
local leased = ARGV[5] and cjson.decode(ARGV[5])
local moments_used, probe_position = 0, 0
local interval = not leased and policy.interval and moments_apart(policy)
local MOST_TOKENS = 2

-- How long until the next moment for a send of `count` requests, and whether that moment may be taken.
local function next_moment(count)
  if not policy.interval then return 0, true end
  if leased then
    if leased.moments[moments_used + count] then return leased.moments[moments_used + 1], true end
    return leased.next, false
  end
  -- No grant takes tokens that far ahead, even where it spaced them wider, so the store's clock was set back.
  if channel.tat > now + policy.ahead + interval * MOST_TOKENS * (1 + WIDEST) then return 0, true end
  return math.max(0, channel.tat - now), true
end

-- Takes the tokens of a granted send, and while the breaker is half open makes the send its probe.
local function take_tokens(wait, count, position)
  if leased then
    if policy.interval then moments_used = moments_used + count end
    if channel.opens > 0 then probe_position = position end
    return
  end
  if policy.interval then
    channel.tat = now + wait + interval * count
    redis.call('HSET', CHANNEL, 'tat', string.format('%.3f', channel.tat))
  end
  if channel.opens > 0 then
    channel.probe_until = now + wait + policy.lease
    redis.call('HSET', CHANNEL, 'probeUntil', string.format('%.0f', channel.probe_until))
  end
end

local PROBE_WAIT = 1000

-- Whatever keeps the whole channel from sending: a verdict, or nil.
local function resting()
  if channel.stop then return { 'stopped', channel.stop.reason } end
  if channel.rest then return { 'resting', channel.rest.reason, channel.rest.until_at - now } end
  if leased then
    -- Only the channel's home knows whether a probe is under way: the verdict `probe` makes the worker ask there.
    if channel.opens == 0 or (leased.probe and probe_position == 0) then return nil end
    return leased.probe and { 'resting', 'breaker_open', PROBE_WAIT } or { 'probe' }
  end
  -- Half open: after the breaker's rest one message is sent as a probe; the others follow when the platform has answered it.
  local probing = channel.probe_until > now and channel.probe_until <= now + policy.ahead + policy.lease
  if channel.opens > 0 and probing then
    return { 'resting', 'breaker_open', math.min(PROBE_WAIT, channel.probe_until - now) }
  end
  return nil
end

-- Makes the message the owner of its recipient's slot. Returns a verdict where it cannot be, nil where it is.
local function claim_slot(message, wait)
  local window = policy.rolling and now + policy.rolling or calendar_end
  if not window then return { 'windows' } end
  if policy.windows and now + wait + policy.lease > window then return { 'boundary', window - now } end
  local slot, last = load_slot(message.r)
  if slot and slot.owner ~= message.m then return meet_owner(message, slot) end
  if slot and slot.state ~= HELD then return { 'quota', slot.window - now } end
  -- A send may arrive as late as its deadline, and a rolling window counts from the arrival.
  if policy.rolling then window = math.ceil(window + wait + policy.lease) end
  save_slot(message.r, window, HELD, message.m, last)
  return nil
end

-- What nearly all grants of a call have in common is told once, and not with each.
local usual_deadline, usual_window = math.ceil(now + policy.lease), 0
if policy.quota then
  usual_window = policy.rolling and math.ceil(now + policy.rolling + policy.lease) or calendar_end or 0
end

-- The first request of a first run that may leave at once: its deadline and window are those above, and when its record was made tells all
-- but whether a refusal would prove anything. A shard's worker puts the moment of
-- the home in place of each wait.
local function is_usual(record, wait)
  return wait == 0 and record.run == 1 and requests(record) == 1 and not (leased and policy.interval)
end

local function grant_answer(message, record, wait)
  local kind = record.state == ASKING and 'ask' or 'grant'
  local slot = policy.quota and kind == 'grant' and load_slot(message.r)
  -- What most grants do not have is left out: reading an answer costs the worker more than making it costs the store.
  local proves = slot and refusal_proves(policy, slot, channel.presume_from)
  local rare = record.waived > 0 or record.doubt_at > 0 or record.not_before > 0 or record.kept
  if kind == 'grant' and not rare and is_usual(record, wait) then return record.born, proves end
  local answer = { kind, requests(record), math.ceil(wait), record.run, record.born, record.deadline,
    slot and slot.window or 0 }
  if rare or proves then
    answer[8], answer[9], answer[10], answer[11] = record.waived, proves and 1 or 0, record.doubt_at, record.not_before
    answer[12] = record.kept
  end
  return answer
end

-- The last step: takes rate and slot, and writes the nonce and the deadline before the request leaves (rules 3 and 4). `asking`: the
-- grant only allows to ask the platform about a send in doubt, which needs no slot and spends no attempt.
local function grant(message, record, asking, position)
  local wait, free = next_moment(message.c or 1)
  -- Bulk may use only the first half of the time ahead. The second is kept for what is urgent, however much bulk there is.
  local ahead = message.b and policy.ahead / 2 or policy.ahead
  if not free or wait > ahead then
    return { 'resting', 'rate_limited', math.max(1, math.ceil(wait - ahead / 2)), 1 }
  end
  if policy.quota and not asking then
    local refusal = claim_slot(message, wait)
    if refusal and refusal[1] == 'quota' and record.doubt_at > 0 then return { 'unconfirmed' } end
    if refusal then return refusal end
  end
  take_tokens(wait, message.c or 1, position)
  if asking then
    record.state = ASKING
  else
    record.state, record.attempts = SENDING, math.min(record.attempts + 1, 65535)
  end
  record.nonce, record.deadline = message.n, math.ceil(now + wait + policy.lease)
  -- The record may have been made for another job of the same name, whose message expires earlier.
  record.expires = math.max(record.expires, message.e + DAY)
  save_record(message.m, record)
  if message.k and record.fresh then note_campaign_begin(message.k, record, message.u) end
  return grant_answer(message, record, wait)
end

-- One message. The order of the questions matters: what is known of the message comes first, then what has to be done about a doubt,
-- then whether it is to be sent at all, then what holds the channel, and only then what concerns its recipient.
local function admit(message, position)
  local record, used_again = load_life(message.m, message.j, message.k)
  if record and is_final(record) then return known(record, message) end
  if record and in_flight(record) and record.nonce == message.n then
    -- The client repeats a call whose answer was lost: it gets the same grant, for the same moment, even one that has passed: if all
    -- that passed meanwhile became `now`, they would leave together.
    return grant_answer(message, record, record.deadline - policy.lease - now)
  end
  if record and is_of_another(record, message.j, message.k) then return { 'duplicate', record.run } end
  if record and in_flight(record) then return { 'busy', record.deadline - now, 0 } end
  local doubt = record and record.doubt_at > 0
  record = record or new_record(message.e + DAY, 1, message.k and not message.u and message.j, used_again and message.j)
  if doubt then
    local verdict = resolve(policy, record, message)
    if verdict then return verdict end
  else
    local held = message.k and held_by_campaign(message, record)
    if held and not (policy.despitePause and held[1] == 'paused') then return held end
    if now >= message.e then return { 'expired' } end
    -- A message that was rescheduled goes by its record, whatever `sendAt` its job has.
    local from = record.not_before > 0 and record.not_before or message.s
    if from and now < from then return { 'early', from } end
    if record.attempts >= policy.attempts then return { 'exhausted' } end
  end
  local verdict = resting()
  if verdict then return verdict end
  if doubt and policy.resolution == 'confirm' then return grant(message, record, true, position) end
  if ineligible(policy, plays, message) then return { doubt and 'unconfirmed' or 'ineligible' } end
  return grant(message, record, false, position)
end

local ENTRIES = 7
local function message_at(at)
  return { m = entries[at + 1], n = entries[at + 2], j = entries[at + 3], r = entries[at + 4], e = entries[at + 5], b = entries[at + 6] }
end

local answer = { now, { usual_deadline, usual_window } }

-- Usual grants in a row that are alike are told once, with their number: each value costs the worker a function to read it.
local alike
local function tell(verdict, proves)
  if type(verdict) ~= 'number' then
    alike, answer[#answer + 1] = nil, verdict
  elseif alike and alike[2] == verdict and alike[4] == (proves and 1 or 0) then
    alike[3] = alike[3] + 1
  else
    alike = { 'usual', verdict, 1, proves and 1 or 0 }
    answer[#answer + 1] = alike
  end
end

each_entry(entries, ENTRIES, message_at, function(message, position) tell(admit(message, position)) end)
if leased then answer[#answer + 1] = { moments_used, probe_position } end
return answer
