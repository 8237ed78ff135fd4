-- Notes that one message waits for each of ARGV[2] seconds, the first of which is ARGV[1] (seconds since the epoch), since that
-- very second less a day.
-- Uses records.lua, waits.lua.

local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
for second = first, first + count - 1 do
  note_wait('quota', second * 1000, 1, second * 1000 - DAY)
  if (second - first) % 100 == 99 then save_waits() end
end
save_waits()
return count
