-- Which of the commands that the queue and the ledger are made of this user may run, tried on a key that holds nothing
-- before or after. ARGV[1]: a JSON array of commands with their arguments, `@` standing for the key. Answers the names
-- of those that were forbidden.

local missing = {}
for _, command in ipairs(cjson.decode(ARGV[1])) do
  for i, argument in ipairs(command) do
    if argument == '@' then command[i] = PERMISSIONS end
  end
  local answer = redis.pcall(unpack(command))
  local text = type(answer) == 'table' and answer.err or ''
  if string.find(text, 'NOPERM', 1, true) or string.find(text, "can't run this command", 1, true)
    or string.find(text, "can't access", 1, true) then
    missing[#missing + 1] = command[1]
  end
  redis.pcall('DEL', PERMISSIONS)
end
return missing
