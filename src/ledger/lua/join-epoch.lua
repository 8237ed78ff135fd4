-- Joins the store's epoch, or begins one where the store has none of this history. A worker joins after it has restored what it knows.
-- ARGV[1]: as JSON { known the caller's epoch, absent for a newcomer; fresh a random name; hold in milliseconds; missing the cause to
--   note where the store has no epoch, though the caller knows one }
-- Answers { token, milliseconds until anything may be admitted, cause }, where cause is `same` if the caller's epoch goes on, `new` in a
--   store that was never used, `flushed`, or `failover` (a restart, or a replica that took over).
--
-- The hold gives the other workers time: each has to notice by itself, and to restore what it knows.
-- Uses tables.lua, epoch.lua.

local request = cjson.decode(ARGV[1])
local epoch, id = stored_epoch(), replication_id()
-- A worker that had just started took a store that had lost its data for a new one, and began an epoch without a hold. The caller knows
-- better, and begins another.
local mistaken = epoch and epoch.id == id and epoch.cause == 'new' and request.known and request.known ~= epoch.token
if epoch and epoch.id == id and not mistaken then
  local wait = math.max(0, math.min(epoch.opens - now, request.hold))
  if not request.known or request.known == epoch.token then return { epoch.token, wait, 'same' } end
  -- Another worker saw it first.
  return { epoch.token, wait, epoch.cause }
end
local cause = mistaken and 'flushed' or epoch and 'failover' or request.known and request.missing or 'new'
local hold = cause ~= 'new' and request.hold or 0
redis.call('SET', EPOCH, string.format('%s %s %.0f %s', request.fresh, id, now + hold, cause))
return { request.fresh, hold, cause }
