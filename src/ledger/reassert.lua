-- After the store lost acknowledged writes (a power failure between two syncs, a failover to a lagging replica), workers
-- tell it of the sends they began lately. ARGV[1]: a JSON array of { m message, n nonce, e expires, run, attempts, born,
-- deadline, doubtAt, r recipient, window (0 without a quota) }. Answers, for each: `kept` (the store knows better),
-- `restored`, or `conflict` (somebody else got the slot meanwhile).

local function reassert(mark)
  local record = load_record(mark.m)
  if record and (is_final(record) or record.nonce == mark.n or record.attempts > mark.attempts) then return 'kept' end
  if record and record.state ~= OPEN then return 'conflict' end
  record = record or new_record(math.max(mark.e, now) + DAY, mark.run)
  record.state, record.run, record.attempts, record.nonce = SENDING, mark.run, mark.attempts, mark.n
  record.born, record.deadline, record.doubt_at = mark.born, mark.deadline, mark.doubtAt
  save_record(mark.m, record)
  if mark.window <= now then return 'restored' end
  local slot = load_slot(mark.r)
  if slot and slot.owner ~= mark.m then return 'conflict' end
  save_slot(mark.r, mark.window, HELD, mark.m)
  return 'restored'
end

local answer = {}
for i, mark in ipairs(cjson.decode(ARGV[1])) do answer[i] = reassert(mark) end
return answer
