-- Tells the gauges how many messages a job of many still has, as it goes back to its queue. ARGV[1]: its id. ARGV[2]: how many of its
-- messages have neither ended nor left. ARGV[3]: until when it is delayed (0: it is not).
-- Uses waits.lua, queue.lua.

recount_job(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
save_waits()
return 1
