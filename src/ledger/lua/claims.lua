-- Claims: where only its text could show which of our messages a message on the platform is, deliveries claim it by its id on the
-- platform. Id there -> since when, and the message that claimed it.
-- Uses tables.lua.

local function open_claims(ttl)
  return open_table(CLAIMS, ttl)
end

local function claim_owner(claims, id)
  local value = claims:get(id)
  return value and string.sub(value, 7) or nil
end

-- The first claim holds.
local function save_claim(claims, id, fp)
  if not claim_owner(claims, id) then claims:put(id, struct.pack('>I6', now) .. fp, now) end
end
