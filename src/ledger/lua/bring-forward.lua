-- Brings delayed jobs forward. ARGV[1]: { due, ids } as JSON. Those that are not delayed beyond that instant stay as they are.
-- Uses queue.lua.

local request = cjson.decode(ARGV[1])
for _, id in ipairs(request.ids) do bring_forward(id, request.due) end
release_jobs()
return #request.ids
