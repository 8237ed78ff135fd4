-- Replays dead letters. For each, all in one call: run n + 1 begins in the record, a job is added to the queue, and the letter is gone.
-- ARGV[1]: as JSON { names, reasons, deaths }, arrays in the same order: the deaths that were seen.
-- ARGV[4]: for a prediction only (dry-run.lua).
-- Answers, for each:
--   replayed
--   continued  as `replayed`, in a run that had begun already: a replay that failed began it and got no further
--   gone       no longer kept with that death: replayed by another process, or dead again since
--   delivered  proof came in since its death; the letter is dropped
--   active     a send of the message is in flight: the letter stays
--   duplicate  another message of its id has not ended, or did less than a day ago: the letter stays
--   cut        only the beginning of its data was kept: the letter stays
--   damaged    the record of its message cannot be read: the letter stays
-- Uses tables.lua, records.lua, channel.lua, campaigns.lua, queue.lua, dead-letters.lua.

local seen = cjson.decode(ARGV[1])
local letters, dropped, names, jobs = listed_dead_letters(seen), {}, {}, {}

-- Each run has a job id of its own, so that the job of an earlier run, which may still be around, neither hides this one nor removes
-- it. No producer can choose such an id, for BullMQ refuses colons.
local function enqueue(name, letter, run)
  names[#names + 1] = name
  jobs[#names] = { id = name .. ':#' .. whole(run), name = letter.name, timestamp = letter.t, priority = 2 * letter.priority,
    since = letter.due }
end

local function begin_run(letter, record)
  local run = math.max(record and record.run or 0, letter.run) + 1
  local job = letter.campaign and campaign_job(letter.j) or letter.j
  enlist_record(letter.m, math.max(letter.e, now) + DAY, run, job, record and record.stored)
  -- Its campaign has counted its end: the entry must not be counted as a duplicate as well.
  if letter.campaign then tell_campaign_message(letter.campaign, letter.job) end
  return run
end

-- Whether the record is of the letter's message, and not of another one of its id: two messages in one run would get one end, and the
-- other would be lost. Where nothing says which job a run has (its record was restored, or its job came without one), its number tells.
local function is_own(record, letter)
  if is_final(record) then return record.job == letter.j end
  return record.run > letter.run and is_of_job(record, letter.j)
end

local function replay(name)
  local letter = letters[name]
  if not letter or dropped[name] then return 'gone' end
  if letter.size then return 'cut' end
  local readable, record = pcall(load_death, letter.m, letter.j)
  if not readable then return 'damaged' end
  if record and in_flight(record) then return 'active' end
  if record and not is_own(record, letter) then return 'duplicate' end
  dropped[name] = letter
  if record and record.state == DELIVERED then return 'delivered' end
  if record and not is_final(record) then
    enqueue(name, letter, record.run)
    return 'continued'
  end
  enqueue(name, letter, begin_run(letter, record))
  return 'replayed'
end

local COUNTED_AS = { replayed = 'replayed', continued = 'replayed', delivered = 'delivered' }
local answer, removed = {}, {}
for i, name in ipairs(seen.names) do
  answer[i] = replay(name)
  local how = COUNTED_AS[answer[i]]
  if how then removed[how] = (removed[how] or 0) + 1 end
end
-- A prediction needs no more: what follows decides nothing.
if ARGV[4] then return answer end

-- Nothing is in the queue before the last record is written: a call that fails there takes nothing back, and its letters, which are
-- still kept, are replayed by the next one.
if #names > 0 then
  for i, data in ipairs(redis.call('HMGET', DEAD_LETTER_DATA, unpack(names))) do jobs[i].data = data or '' end
end
add_jobs(jobs)
release_jobs()
drop_dead_letters(dropped)
for how, count in pairs(removed) do count_total('removed:' .. how, count) end
return answer
