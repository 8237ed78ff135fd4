-- Gives a message that waits another instant before which it is not sent. ARGV[1]: { m message, at } as JSON. Answers one of
--   { rescheduled, the hashed name of its job if that may be delayed beyond the instant, or '' }
--   { too_late }         a send of it is in flight or in doubt, or it is final
--   { unknown }
--   { expires, instant } the message would have expired
--   { fixed, instant }   it was put off until then before, and cannot come earlier: nothing says which job it has
-- Uses records.lua.

local request = cjson.decode(ARGV[1])
local record = load_record(request.m)
if not record then return { 'unknown' } end
if not is_pending(record) or record.job == WITHDRAWN then return { 'too_late' } end

-- A record is kept for a day beyond the message's life.
local expires_at = record.expires - DAY
if request.at >= expires_at then return { 'expires', expires_at } end
local was_put_off = record.not_before > 0
if was_put_off and record.job == NO_JOB and request.at < record.not_before then return { 'fixed', record.not_before } end

-- A message that was admitted before, and not put off, waits for its retry or for a slot. Its job goes on waiting.
local job = (record.state == ENLISTED or was_put_off) and record.job or ''
-- The message has a new due instant, so it has not been kept waiting by its recipient any more.
record.not_before, record.kept = request.at, nil
save_record(request.m, record)
return { 'rescheduled', job == NO_JOB and '' or job }
