-- All that the ledger knows of one message. ARGV[1]: { m message, r recipient, playTtl, j job: the record as this job would meet it }
-- as JSON, r and j optional. Answers record, slot and play, each as JSON, and the time.
-- Uses tables.lua, records.lua, slots.lua.

local request = cjson.decode(ARGV[1])
local plays = open_plays(request.playTtl)
local function text(value) return value and cjson.encode(value) or 'null' end
local record = request.j and load_life(request.m, request.j) or not request.j and load_record(request.m)
local slot, play
if request.r then
  slot, play = load_slot(request.r), load_play(plays, request.r)
end
if slot then slot.own, slot.last = slot.owner == request.m, nil end
return { text(record), text(slot), text(play), string.format('%.0f', now) }
