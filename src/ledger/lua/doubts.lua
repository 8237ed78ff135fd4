-- Rule 6: what is done about a send in doubt. `policy`: that of the channel, as admit.lua is given it.
-- Uses tables.lua, records.lua, slots.lua.

-- The end of the window in which a doubtful send began. For a calendar window, the slot has it. A rolling window began with the
-- first grant, which was at most a lease and the wait for the rate before the doubt.
local function doubtful_window_end(policy, record, slot)
  if not policy.rolling then return slot.window end
  return record.doubt_at - policy.lease - policy.ahead + policy.rolling
end

-- How long the owner pursues a doubtful send. Where the platform can be asked and has not been yet (an outage, a stop), asking is
-- still worth it for a day.
local function patience(policy, record)
  if policy.resolution ~= 'confirm' or record.nonce == ASKED then return policy.patience end
  return math.max(policy.patience, DAY)
end

-- Rule 6: what may still be done about a send in doubt. Returns a verdict, or nil where the message may be sent again (resend,
-- presume) or the platform may be asked (confirm).
local function resolve(policy, record, message)
  if policy.resolution == 'resend' then
    if now >= message.e or record.attempts >= policy.attempts then return { 'unconfirmed' } end
    return nil
  end
  local given_up = now >= message.e or now > record.doubt_at + patience(policy, record)
  if policy.resolution == 'keep' or given_up then return { 'unconfirmed' } end
  if policy.resolution == 'confirm' then
    local settled_at = record.deadline + policy.quiet
    if now <= settled_at then return { 'busy', settled_at - now, 0 } end
    return nil
  end
  -- presume: the same message may be sent again, but only within the same window, and while the slot is still its own.
  local slot = load_slot(message.r)
  local own = slot and slot.owner == message.m and slot.state == HELD
  if not own or now + policy.lease > doubtful_window_end(policy, record, slot) or record.attempts >= policy.attempts then
    return { 'unconfirmed' }
  end
  return nil
end

-- Rule 6: whether a quota refusal would prove that an earlier send of this run arrived. It does if nothing else was sent to the
-- player for a platform's day, and if the ledger's memory reaches back that far (`presume_from`).
local function refusal_proves(policy, slot, presume_from)
  return slot.last + policy.platformDay <= now and presume_from <= now
end
