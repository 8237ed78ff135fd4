-- The jobs that are delayed beyond an instant, a page at a time. ARGV[1]: { due, count } as JSON. ARGV[2]: what the page before answered
-- as its last job, absent for the first page. Answers { ids, the last job as JSON }, the farthest first; fewer than `count` ids at the end.
-- Uses queue.lua.

local request = cjson.decode(ARGV[1])
local ids, last = delayed_beyond(request.due, request.count, ARGV[2] and cjson.decode(ARGV[2]))
return { ids, last and cjson.encode(last) }
