-- Deletes dead letters for good. ARGV[1]: a JSON array of { name, reason, at }, the death that was seen. Answers 1 for
-- each that was deleted, and 0 for those no longer listed with that death.
-- Uses channel.lua, dead-letters.lua.

local answer, seen = {}, cjson.decode(ARGV[1])
local listed = listed_dead_letters(seen)
drop_dead_letters(listed)
local purged = 0
for i, each in ipairs(seen) do
  answer[i] = listed[each.name] and 1 or 0
  purged = purged + answer[i]
  listed[each.name] = nil
end
if purged > 0 then count_total('removed:purged', purged) end
return answer
