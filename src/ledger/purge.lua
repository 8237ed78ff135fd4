-- Deletes dead letters for good. ARGV[1]: a JSON array of { name, reason, at }, the death that was seen. Answers 1 for
-- each that was deleted, and 0 for those no longer listed with that death.

local answer = {}
for i, seen in ipairs(cjson.decode(ARGV[1])) do
  local died_at = redis.call('ZSCORE', LETTERS .. ':' .. seen.reason, seen.name)
  answer[i] = died_at and tonumber(died_at) == seen.at and 1 or 0
  if answer[i] == 1 then drop_letter(seen.name, find_letter(seen.name)) end
end
return answer
