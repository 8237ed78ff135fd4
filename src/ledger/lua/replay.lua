-- Replays dead letters. For each, all in one call: run n + 1 begins in the record, a job is added to the queue, and the letter is gone.
-- ARGV[1]: a JSON array of { name, reason, at }, the death that was seen. Answers, for each:
--   replayed
--   gone       no longer listed with that death: replayed by another process, or dead again since
--   delivered  proof came in since its death; the letter is dropped
--   active     a send of the message is in flight: the letter stays
--   duplicate  another message of its id ended less than a day ago: the letter stays
--   cut        only the beginning of its data was kept: the letter stays
-- Uses tables.lua, records.lua, channel.lua, campaigns.lua, queue.lua, dead-letters.lua.

local answer, seen = {}, cjson.decode(ARGV[1])
local letters, dropped = listed_dead_letters(seen), {}

-- Each run has a job id of its own, so that the job of an earlier run, which may still be around, neither hides this one nor removes
-- it. No producer can choose such an id, for BullMQ refuses colons.
local function enqueue(name, letter, run, data)
  add_job({ id = string.format('%s:#%.0f', name, run), name = letter.name, data = data or '', timestamp = letter.t,
    priority = 2 * letter.priority, since = letter.due or 0 })
end

local function replay(name, data)
  local letter = letters[name]
  if not letter or dropped[name] then return 'gone' end
  if letter.size then return 'cut' end
  local record = load_life(letter.m, letter.j)
  local own = not (record and is_final(record)) or record.job == letter.j
  if not own then return 'duplicate' end
  if record and in_flight(record) then return 'active' end
  dropped[name] = letter
  if record and record.state == DELIVERED then return 'delivered' end
  -- If the record is not final, its run has begun already: a replay of an older version began it and got no further, or another
  -- job of the id did.
  local run = record and record.run or letter.run
  if not record or is_final(record) then
    run = math.max(run, letter.run) + 1
    local job = letter.campaign and campaign_job(letter.j) or letter.j
    save_record(letter.m, enlisted_record(math.max(letter.e, now) + DAY, run, job))
    -- Its campaign has counted its end: the entry must not be counted as a duplicate as well.
    if letter.campaign then tell_campaign_message(letter.campaign, letter.job) end
  end
  enqueue(name, letter, run, data)
  return 'replayed'
end

local names = {}
for i, each in ipairs(seen) do names[i] = each.name end
local data = #names > 0 and redis.call('HMGET', DEAD_LETTER_DATA, unpack(names)) or {}
local removed = { replayed = 0, delivered = 0 }
for i, name in ipairs(names) do
  answer[i] = replay(name, data[i])
  if removed[answer[i]] then removed[answer[i]] = removed[answer[i]] + 1 end
end
release_jobs()
drop_dead_letters(dropped)
for how, count in pairs(removed) do
  if count > 0 then count_total('removed:' .. how, count) end
end
return answer
