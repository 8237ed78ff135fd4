-- Admission of a batch of messages in one call. ARGV[1]: the channel's policy (one JSON object). ARGV[2]: the
-- messages, a JSON array (of a campaign's, `k` is the campaign, `o` the origin, and `u`
-- says that it was replayed). ARGV[3]: the epoch that the worker relies on, empty for none. Answers { now, { verdict, … } … }
-- in the messages' order, or { now, 'forgot' } where the store does not know that epoch, or { now, 'policy', the one in force }
-- where that is not the worker's.
-- ARGV[5]: for a shard, what the channel's home leased to the worker (lease.lua): { moments: in ms from now, ascending, instead of
-- tokens of its own; next: when there is one beyond them; probe: whether one message may go ahead while the breaker is half open } as
-- JSON. Then { how many moments were used, the position of the message that goes ahead or 0 } follows the verdicts.
-- Uses tables.lua, records.lua, slots.lua, channel.lua, campaigns.lua, epoch.lua.

-- Nothing is sent whose receipt could not be written: this fails if the key of the receipts holds another type.
redis.call('XLEN', RECEIPTS)

if ARGV[3] ~= '' and not is_epoch(ARGV[3]) then return { now, 'forgot' } end

local policy = cjson.decode(ARGV[1])

-- Rule 2: the policy in force is the store's, and a worker learns with its next admission that it has another.
local in_force = redis.call('GET', POLICY)
if not in_force then
  redis.call('SET', POLICY, policy.inForce)
  remember_from(policy.platformDay, false, true)
elseif in_force ~= policy.inForce then
  return { now, 'policy', in_force }
end

local messages = cjson.decode(ARGV[2])
local plays = open_table(PLAYS, policy.playTtl)
keep_slots(policy.platformDay, policy.rolling)

local state = redis.call('HMGET', CHANNEL, 'opens', 'probeUntil', 'tat', 'presumeFrom')
local channel = { stop = channel_stop(), rest = channel_rest(),
  opens = figure(state[1]), probe_until = figure(state[2]), tat = figure(state[3]), presume_from = figure(state[4]) }

-- The start of the window that holds `now` is only needed to know that the table covers it.
local function window_end()
  for i = 1, #policy.windows - 1 do
    if policy.windows[i] <= now and now < policy.windows[i + 1] then return policy.windows[i + 1] end
  end
  return nil
end
local calendar_end = policy.windows and not policy.rolling and window_end()

local function known(record, message)
  if not is_of_job(record, message.j) then
    if message.k then note_campaign_duplicate(message.k, message.o) end
    return { 'duplicate', record.run }
  end
  -- The nonce of the question is kept: the same one again is answered alike.
  if is_uncounted(record) or (record.reason == CANCELLED and record.nonce == message.n) then
    record.nonce = message.n
    save_record(message.m, record)
    return { 'cancelled', record.run, record.attempts }
  end
  return { 'known', record.state, record.reason, record.run, record.attempts }
end

-- The end of the window that a doubtful send began in. A calendar window is the slot's own; a rolling one began with the
-- first grant, at most a lease and the wait for the rate before the doubt.
local function doubtful_window_end(record, slot)
  if not policy.rolling then return slot.window end
  return record.doubt_at - policy.lease - policy.ahead + policy.rolling
end

-- If the platform could not be asked while patience lasted (an outage, a stop), it is still worth asking for a day.
local function patience(record)
  if policy.resolution ~= 'confirm' or record.nonce == ASKED then return policy.patience end
  return math.max(policy.patience, DAY)
end

-- Rule 6: what may still be done about a send with an unknown end. Returns a verdict, or nil to continue.
local function resolve(record, message)
  if policy.resolution == 'resend' then
    if now >= message.e or record.attempts >= policy.attempts then return { 'unconfirmed' } end
    return nil
  end
  local given_up = now >= message.e or now > record.doubt_at + patience(record)
  if policy.resolution == 'keep' or given_up then return { 'unconfirmed' } end
  if policy.resolution == 'confirm' then
    local settled_at = record.deadline + policy.quiet
    if now <= settled_at then return { 'busy', settled_at - now, 0 } end
    return nil
  end
  -- presume: the same message again, within its own window only, while the slot is still its own
  local slot = load_slot(message.r)
  local own = slot and slot.owner == message.m and slot.state == HELD
  if not own or now + policy.lease > doubtful_window_end(record, slot) or record.attempts >= policy.attempts then
    return { 'unconfirmed' }
  end
  return nil
end

local function ineligible(message)
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

-- Rule 7: what another message's hold on the slot means for this one. The owner's own record has its state.
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

-- Rule 8: one token a request of a granted send, evenly spaced; up to a second ahead the worker waits in place. A shard has no
-- tokens: its worker brings moments along that are its own.
local lease = ARGV[5] and cjson.decode(ARGV[5])
local used, ahead_of_all = 0, 0
local MOST_TOKENS = 2
-- How long until the next moment, and whether it is free.
local function next_moment(count)
  if not policy.interval then return 0, true end
  if lease then
    if lease.moments[used + count] then return lease.moments[used + 1], true end
    return lease.next, false
  end
  -- Further ahead than any grant takes it: the store's clock was set back.
  if channel.tat > now + policy.ahead + policy.interval * MOST_TOKENS then return 0, true end
  return math.max(0, channel.tat - now), true
end

local function take_tokens(wait, count, position)
  if lease then
    if policy.interval then used = used + count end
    if channel.opens > 0 then ahead_of_all = position end
    return
  end
  if policy.interval then
    channel.tat = now + wait + policy.interval * count
    redis.call('HSET', CHANNEL, 'tat', string.format('%.3f', channel.tat))
  end
  if channel.opens > 0 then
    channel.probe_until = now + wait + policy.lease
    redis.call('HSET', CHANNEL, 'probeUntil', string.format('%.0f', channel.probe_until))
  end
end

local PROBE_WAIT = 1000
local function resting()
  if channel.stop then return { 'stopped', channel.stop.reason } end
  if channel.rest then return { 'resting', channel.rest.reason, channel.rest.until_at - now } end
  if lease then
    -- Only the channel's home knows whether one is ahead.
    if channel.opens == 0 or (lease.probe and ahead_of_all == 0) then return nil end
    return lease.probe and { 'resting', 'breaker_open', PROBE_WAIT } or { 'probe' }
  end
  -- After a breaker's rest one message goes ahead; the others follow when the platform has answered it.
  local probing = channel.probe_until > now and channel.probe_until <= now + policy.ahead + policy.lease
  if channel.opens > 0 and probing then
    return { 'resting', 'breaker_open', math.min(PROBE_WAIT, channel.probe_until - now) }
  end
  return nil
end

local function claim_slot(message, wait)
  local window = policy.rolling and now + policy.rolling or calendar_end
  if not window then return { 'windows' } end
  if policy.windows and now + wait + policy.lease > window then return { 'boundary', window - now } end
  local slot, last = load_slot(message.r)
  if slot and slot.owner ~= message.m then return meet_owner(message, slot) end
  if slot and slot.state ~= HELD then return { 'quota', slot.window - now } end
  -- A send may arrive as late as its deadline, and a rolling window counts from there.
  if policy.rolling then window = math.ceil(window + wait + policy.lease) end
  save_slot(message.r, window, HELD, message.m, last)
  return nil
end

-- Rule 6: whether a quota refusal can only be owed to an earlier send of this run, by what is known of the player.
local function refusal_proves(slot)
  return slot.last + policy.platformDay <= now and channel.presume_from <= now
end

local function grant_answer(message, record, wait)
  local kind = record.state == ASKING and 'ask' or 'grant'
  local slot = policy.quota and kind == 'grant' and load_slot(message.r)
  local answer = { kind, requests(record), math.ceil(wait), record.run, record.born, record.deadline,
    slot and slot.window or 0 }
  -- Reading an answer costs the worker more than making it costs the store: what most grants do not have is left out.
  local proves = slot and refusal_proves(slot)
  if proves or record.waived > 0 or record.doubt_at > 0 or record.not_before > 0 or record.kept then
    answer[8], answer[9], answer[10], answer[11] = record.waived, proves and 1 or 0, record.doubt_at, record.not_before
    answer[12] = record.kept
  end
  return answer
end

local function grant(message, record, asking, position)
  local wait, free = next_moment(message.c or 1)
  -- What is urgent finds the second half of the time ahead free, however much bulk there is.
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
  -- Another job of the same name may live longer than the one that made the record.
  record.expires = math.max(record.expires, message.e + DAY)
  save_record(message.m, record)
  if message.k and record.fresh then note_campaign_begin(message.k, record, message.u) end
  return grant_answer(message, record, wait)
end

-- Pause and cancel hold from the next admission on. What is paused still expires. A replay is an order of its own, given with
-- the campaign's state in view: only the cancel of its recipient ends it.
local function held_by_campaign(message, record)
  if record.job == WITHDRAWN then return { 'withdrawn' } end
  if message.u then return nil end
  local state = campaign_state(message.k)
  if state == 'cancelled' then return { 'withdrawn' } end
  if state == 'paused' and now < message.e then return { 'paused' } end
  return nil
end

local function admit(message, position)
  local record = load_life(message.m, message.j, message.k)
  if record and is_final(record) then return known(record, message) end
  if record and in_flight(record) then
    -- The same call again: the same grant, and the same moment.
    if record.nonce == message.n then
      return grant_answer(message, record, math.max(0, record.deadline - policy.lease - now))
    end
    return { 'busy', record.deadline - now, 0 }
  end
  local doubt = record and record.doubt_at > 0
  record = record or new_record(message.e + DAY, 1, message.k and not message.u and message.j)
  if doubt then
    local verdict = resolve(record, message)
    if verdict then return verdict end
  else
    local held = message.k and held_by_campaign(message, record)
    if held then return held end
    if now >= message.e then return { 'expired' } end
    -- What was rescheduled goes by its record, whatever its job says.
    local from = record.not_before > 0 and record.not_before or message.s
    if from and now < from then return { 'early', from } end
    if record.attempts >= policy.attempts then return { 'exhausted' } end
  end
  local verdict = resting()
  if verdict then return verdict end
  if doubt and policy.resolution == 'confirm' then return grant(message, record, true, position) end
  if ineligible(message) then return { doubt and 'unconfirmed' or 'ineligible' } end
  return grant(message, record, false, position)
end

local answer = { now }
counting_campaigns(function()
  for i, message in ipairs(messages) do answer[i + 1] = admit(message, i) end
end)
if lease then answer[#answer + 1] = { used, ahead_of_all } end
return answer
