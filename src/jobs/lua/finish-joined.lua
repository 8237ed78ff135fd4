-- Comes behind BullMQ's script that finishes a job, which is the function `finish` here, and runs it once for each job. ARGV: first what the
-- jobs have in common, the places 3, 4, 5, 7 and 9 of that script; then, for each job, its places 1, 2, 6 and 8 (id, instant, whether to
-- fetch another job, options). Answers what the script answers to each, in their order; an error fails only its own job.
local COMMON, OWN = 5, 4
local property, value, target, prefix, fields = unpack(ARGV, 1, COMMON)
local answers = {}
for at = COMMON, #ARGV - 1, OWN do
  local id, instant, fetches, options = unpack(ARGV, at + 1, at + OWN)
  KEYS[12] = prefix .. id
  local ok, answer = pcall(finish, KEYS, { id, instant, property, value, target, fetches, prefix, options, fields })
  if not ok and type(answer) ~= 'table' then answer = { err = tostring(answer) } end
  -- A store that takes no writes has written nothing. Its client has to see this as the answer of the call (reconnect.ts).
  if not ok and at == COMMON and string.find(answer.err, 'READONLY ', 1, true) then return answer end
  answers[#answers + 1] = answer or 0
end
return answers
