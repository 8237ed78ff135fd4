-- Adds messages of one channel to its queue, in one job, and answers which of them are duplicates. All of this is one call, so that
-- no crash can part a message from its record.
--
-- ARGV[1]: as JSON { job its id, key its hashed name, priorities in the queue of a job of one message and of one of many, due (0: at
--   once), life for how long a message is kept by default in ms, expires: for each message when it expires (0: after the default life),
--   absent where none of them says, dry: write nothing }
-- ARGV[2]: the fingerprints of the messages, one behind the other
-- ARGV[3]: the data of a job of many that has them all, in the same order
-- ARGV[4]: as JSON how many bytes each message takes in these data
--
-- Answers the positions of those that are duplicates, from 1; or `left`, where the channel's messages lie in other stores by now.
--
-- A call that is repeated because its answer was lost adds nothing and is answered as the first was: a record knows the job by
-- which its message was enqueued.
-- Uses tables.lua, records.lua, channel.lua, queue.lua.

local request = cjson.decode(ARGV[1])
local FP_BYTES = 11
local count = #ARGV[2] / FP_BYTES

-- Names of what is called for every message, as in tables.lua.
local sub, floor = string.sub, math.floor

local BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
-- A message of a job of many is named after the job and its position (`jobKey` in names.ts).
local JOB_PART = 4
local job_part = string.sub(request.key, 1, JOB_PART)
local function entry_key(position)
  local high, low = floor(position / 64) + 1, position % 64 + 1
  return job_part .. sub(BASE64URL, high, high) .. sub(BASE64URL, low, low)
end

local function by_this_job(record) return string.sub(record.job, 1, JOB_PART) == job_part end

-- A record without a job was made by an admission (the job came without a record), or restored to a store that had lost it. Nothing
-- says whether its job is still in the queue, so this message is enqueued. If it is a second one, admission finds that out.
local function is_duplicate(record)
  if is_final(record) then return not may_be_used_again(record) end
  return record.job ~= NO_JOB
end

-- `fps`: the fingerprints. `fresh`: the positions of the messages that are new. `lives`: the records of those that have a live one.
-- `damaged`: those whose record cannot be read. It must not fail the others: admission will fail for its message alone.
local fps, duplicates, fresh, taken, lives, damaged = {}, {}, {}, {}, {}, {}
for i = 1, count do
  local fp = sub(ARGV[2], (i - 1) * FP_BYTES + 1, i * FP_BYTES)
  fps[i] = fp
  -- It is read as it is stored, not lapsed: it may be saved again, and has to keep the nonce by which a late answer of its send is
  -- recognised.
  local readable, record = pcall(stored_record, fp)
  local known = readable and record and is_duplicate(record)
  if taken[fp] or (known and not by_this_job(record)) then
    duplicates[#duplicates + 1] = i
  elseif not known then
    fresh[#fresh + 1] = i
    if not readable then damaged[i] = true end
    if readable and record and not is_final(record) then lives[i] = record end
  end
  taken[fp] = not request.dry
end
if request.dry or #fresh == 0 then return duplicates end
if is_left() then return 'left' end

local DATA_BEFORE, DATA_BEHIND = '{"v":1,"messages":[', ']}'
-- The JSON of the messages that are new.
local function fresh_texts()
  local texts, lengths, at = {}, cjson.decode(ARGV[4]), #DATA_BEFORE + 1
  for i = 1, count do
    if fresh[#texts + 1] == i then texts[#texts + 1] = string.sub(ARGV[3], at, at + lengths[i] - 1) end
    at = at + lengths[i] + 1
  end
  return texts
end

local many = #fresh > 1
local function job_data()
  if many and #fresh == count then return ARGV[3] end
  local texts = fresh_texts()
  return many and DATA_BEFORE .. table.concat(texts, ',') .. DATA_BEHIND or '{"v":1,' .. string.sub(texts[1], 2)
end

local kept_by_default = now + request.life + DAY
local function kept_until(position)
  local expires = request.expires and request.expires[position] or 0
  return expires > 0 and math.max(expires, now) + DAY or kept_by_default
end

local function write_record(position, key)
  local fp, record, kept = fps[position], lives[position], request.expires and kept_until(position) or kept_by_default
  if not record then return enlist_record(fp, kept, 1, key) end
  record.job, record.expires = key, math.max(record.expires, kept)
  save_record(fp, record)
end

-- The job comes first, because a script that fails takes nothing back: a job without records is delivered, while a record without a
-- job would be a message lost.
local added = add_job({ id = request.job, name = many and 'messages' or 'message', data = job_data(),
  timestamp = string.format('%.0f', now), priority = request.priorities[many and 2 or 1], due = request.due, messages = #fresh })
release_jobs()
if added then count_total('enqueued', #fresh) end
for i, position in ipairs(fresh) do
  if damaged[position] then
    -- Its record stays as it is.
  elseif added then
    write_record(position, many and entry_key(i - 1) or request.key)
  else
    -- This is a repetition, and the job of the first call does not have this message: there it was a duplicate, and only since
    -- then a day has passed since the end of the other message of this id.
    duplicates[#duplicates + 1] = position
  end
end
return duplicates
