-- Cancels a message that waits. It is final with this call; its job stays in the queue, and meets the record when it is picked up.
-- ARGV[1]: { m message, id, campaign that a message of such an id would be of } as JSON. Answers `cancelled` (also if it was cancelled
-- before), `too_late` (a send of it is in flight or in doubt, or it is final) or `unknown`.
-- Uses tables.lua, records.lua, receipts.lua, campaigns.lua.

-- Fails if the key of the receipts holds another type, before a record becomes final without a receipt.
redis.call('XLEN', RECEIPTS)

local request = cjson.decode(ARGV[1])
local record = load_record(request.m)

-- A campaign's message has no record before its first admission. It gets one here, which that admission will meet. Nothing says whether
-- the campaign has this recipient at all: if it does not, the cancel has no effect.
if not record and request.campaign then
  local campaign = read_campaign(request.campaign)
  if not campaign or (campaign.listed and campaign.waiting == 0 and not campaign.copied) then return 'unknown' end
  if campaign.state ~= 'cancelled' then enlist_record(request.m, campaign.expires + DAY, 1, WITHDRAWN) end
  return 'cancelled'
end
if not record then return 'unknown' end
if record.job == WITHDRAWN then return 'cancelled' end
if is_final(record) and record.reason == CANCELLED then return 'cancelled' end
if not is_pending(record) then return 'too_late' end

record.state, record.reason, record.at, record.nonce = SUPPRESSED, CANCELLED, now, NO_NONCE
record.attempts = math.min(requests(record), 65535)
-- The job may be picked up for as long as that, and then has to meet the record.
record.expires = math.max(record.expires, now + DAY)
save_record(request.m, record)
local campaign = is_of_campaign(record) and request.campaign or nil
add_receipt(record, { id = request.id, campaign = campaign, final = { 'suppressed', CANCELLED, 'cancelled' } })
if campaign then note_campaign_end(campaign, record, false, 'suppressed', 'cancelled') end
save_campaign_counts()
return 'cancelled'
