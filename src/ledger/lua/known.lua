-- Which messages are final for less than a day. ARGV[1]: a JSON array of messages. Answers 1 or 0 for each; 0 where the
-- record cannot be read: at admission that fails its message alone.

local answer = {}
for i, fp in ipairs(cjson.decode(ARGV[1])) do
  local readable, record = pcall(load_record, fp)
  answer[i] = readable and record and is_final(record) and now < record.at + DAY and 1 or 0
end
return answer
