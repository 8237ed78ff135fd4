-- Deletes dead letters for good. ARGV[1]: as JSON { names, reasons, deaths }, arrays in the same order: the deaths that were seen.
-- Answers 1 for each that was deleted, and 0 for those no longer kept with that death.
-- Uses channel.lua, dead-letters.lua.

local answer, seen = {}, cjson.decode(ARGV[1])
local listed = listed_dead_letters(seen)
drop_dead_letters(listed)
local purged = 0
for i, name in ipairs(seen.names) do
  answer[i] = listed[name] and 1 or 0
  purged = purged + answer[i]
  listed[name] = nil
end
if purged > 0 then count_total('removed:purged', purged) end
return answer
