-- Cancels a message that waits, whatever job it lies in: it is final with this call, and that job meets its record when it
-- is picked up. ARGV[1]: { m message, id } as JSON. Answers `cancelled` (also if it was before), `too_late` (a send of it is in
-- flight or in doubt, or it is final) or `unknown`.

-- Fails where the key of the receipts holds something else, before a record is final without one.
redis.call('XLEN', RECEIPTS)

local request = cjson.decode(ARGV[1])
local record = load_record(request.m)
if not record then return 'unknown' end
if is_final(record) and record.reason == CANCELLED then return 'cancelled' end
if not is_pending(record) then return 'too_late' end

record.state, record.reason, record.at, record.nonce = SUPPRESSED, CANCELLED, now, NO_NONCE
record.attempts = math.min(requests(record), 65535)
-- Its own job may be picked up until then.
record.expires = math.max(record.expires, now + DAY)
save_record(request.m, record)
add_receipt(record, { id = request.id, final = { 'suppressed', CANCELLED, 'cancelled' } })
return 'cancelled'
