-- Whose message a message on the platform is, where only its text could show it: its id there -> since when, and whose.
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
  if not claim_owner(claims, id) then claims:put(id, struct.pack('>I6', now) .. fp) end
end
