-- Takes up jobs in the queue's failed set, where nothing of Herald's belongs. Either BullMQ gave them up, or they are dead letters of an
-- older version, which kept them there with an index beside (`old_dead_letters_of`, and for runs after the first `OLD_RUNS`).
-- Uses records.lua, queue.lua, dead-letters.lua.

local function older_dead_letter(s, reasons)
  for _, reason in ipairs(reasons) do
    local at = redis.call('ZSCORE', old_dead_letters_of(reason), s.job)
    if at then return reason, tonumber(at) end
  end
  return nil
end

local function forget_older(s, reason)
  redis.call('ZREM', old_dead_letters_of(reason), s.job)
  redis.call('HDEL', OLD_RUNS, s.job)
  if redis.call('HGET', OLD_DEAD_LETTERS, s.id) == s.job then redis.call('HDEL', OLD_DEAD_LETTERS, s.id) end
end

-- A dead letter of an older version becomes one of this version, as it is. Any other job is settled. Either way the job is removed in
-- the same call, so that nothing is lost in between, and nothing is taken up twice. Returns the status of the settlement.
local function take_up(record, s, options, settle)
  if not job_failed(s.job) then
    return is_final(record) and record.nonce == s.n and 'first' or 'known'
  end
  local status, own = 'known', is_final(record) and record.job == s.j
  local reason, at = older_dead_letter(s, options.deadReasons)
  if reason then
    local run = own and record.run or tonumber(redis.call('HGET', OLD_RUNS, s.job) or 1)
    if not (own and record.state == DELIVERED) then
      keep_dead_letter(s, { reason = reason, run = run, attempts = own and record.attempts or 0, at = at })
    end
    forget_older(s, reason)
  else
    status = settle(record, s)
    if status == 'stale' then return status end
    if own and record.state == DEAD and not find_dead_letter(s.jobId) then
      reason = options.deadReasons[record.reason - options.firstDead + 1]
      keep_dead_letter(s, { reason = reason, run = record.run, attempts = record.attempts, at = record.at })
    end
  end
  drop_failed_job(s.job)
  return status
end
