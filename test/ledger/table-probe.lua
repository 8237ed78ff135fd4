-- Uses a packed table from outside. ARGV[1]: its time to live in ms. ARGV[3]: its grain in ms. ARGV[2]: a JSON array of
-- { 'put', field, instant, text } | { 'get', field } | { 'remove', field }. Answers what `get` found, in order.
-- Uses tables.lua.

local t = open_table(LEDGER, tonumber(ARGV[1]), tonumber(ARGV[3]))
local found = {}
for _, op in ipairs(cjson.decode(ARGV[2])) do
  if op[1] == 'put' then
    t:put(op[2], struct.pack('>I6', op[3]) .. op[4], op[3])
  elseif op[1] == 'remove' then
    t:remove(op[2])
  else
    local value = t:get(op[2])
    found[#found + 1] = value and string.sub(value, 7) or ''
  end
end
return found
