-- Receipts: one entry of the stream for each final state.
-- Uses tables.lua.

-- Adds the receipt of a record. `s`: { id, final: { state, code, reason } } and, unless it is `plain`, platformMessageId, campaign, meta
-- and to, where there are any. `keep`: how many receipts the stream keeps. A caller that does not know leaves it out, and the next
-- settlement trims the stream.
local add_receipt
do
  local MAY_BE_ABSENT = { 'platformMessageId', 'campaign', 'meta', 'to' }
  local now_text = string.format('%.0f', now)

  -- The text of a small number, such as that of a run, is made once a call: made by Redis, it would be most of what a receipt costs.
  local texts = {}
  local function text_of(number)
    local text = texts[number]
    if not text then
      text = string.format('%.0f', number)
      texts[number] = text
    end
    return text
  end

  -- A call trims the stream once, at its end: with each receipt it would be an eighth of what that costs.
  local most
  end_of_call[#end_of_call + 1] = function()
    if most then redis.call('XTRIM', RECEIPTS, 'MAXLEN', '~', text_of(most)) end
  end

  function add_receipt(record, s, keep)
    local fields = { '*', 'v', '1', 'id', s.id, 'run', text_of(record.run), 'state', s.final[1], 'reason', s.final[3],
      'at', now_text, 'attempts', text_of(record.attempts) }
    for i = 1, s.plain and 0 or #MAY_BE_ABSENT do
      local name = MAY_BE_ABSENT[i]
      if s[name] then fields[#fields + 1], fields[#fields + 2] = name, s[name] end
    end
    redis.call('XADD', RECEIPTS, unpack(fields))
    most = keep
  end
end
