-- The jobs that are delayed beyond an instant, a page at a time. ARGV[1]: { due, from, count } as JSON. Answers their ids, the
-- farthest first; fewer than `count` at the end.
-- Uses queue.lua.

local request = cjson.decode(ARGV[1])
return delayed_beyond(request.due, request.from, request.count)
