-- Receipts: one entry of the stream for each final state.
-- Uses tables.lua.

-- Adds the receipt of a record. `s`: { id, final: { state, code, reason } } and, where there are any, platformMessageId, campaign, meta
-- and to. `keep`: how many receipts the stream keeps. A caller that does not know leaves it out, and the next settlement trims the stream.
local MAY_BE_ABSENT = { 'platformMessageId', 'campaign', 'meta', 'to' }
local now_text = string.format('%.0f', now)
local function add_receipt(record, s, keep)
  local fields = { '*', 'v', '1', 'id', s.id, 'run', record.run, 'state', s.final[1], 'reason', s.final[3],
    'at', now_text, 'attempts', record.attempts }
  for i = 1, #MAY_BE_ABSENT do
    local name = MAY_BE_ABSENT[i]
    if s[name] then fields[#fields + 1], fields[#fields + 2] = name, s[name] end
  end
  if keep then return redis.call('XADD', RECEIPTS, 'MAXLEN', '~', keep, unpack(fields)) end
  redis.call('XADD', RECEIPTS, unpack(fields))
end
