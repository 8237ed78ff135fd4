-- Tells which of several messages on the platform with the same text is ours. ARGV[1]: { m message, ids there, ttl } as JSON.
-- Answers the id that this message has claimed before; or claims the first that no other message has, and answers that; or false.
-- Uses claims.lua.

local request = cjson.decode(ARGV[1])
local claims = open_claims(request.ttl)

local free = false
for _, id in ipairs(request.ids) do
  local owner = claim_owner(claims, id)
  if owner == request.m then return id end
  if not owner and not free then free = id end
end
if free then save_claim(claims, free, request.m) end
return free
