-- Adds messages of one channel to its queue, in one job, and answers which of them are duplicates. All of this is one call, so that
-- no crash can part a message from its record.
--
-- ARGV[1]: as JSON { job its id, key its hashed name, priorities in the queue of a job of one message and of one of many, due (0: at
--   once), life for how long a message is kept by default in ms, dry: write nothing }
-- ARGV[2]: a flat JSON array of two entries a message: its fingerprint, and when it expires (0: after the default life)
-- ARGV[3] and on: the messages' own JSON, in the same order
--
-- Answers for each 1 (queued) or 0 (duplicate); or `left`, where the channel's messages lie in other stores by now.
--
-- A call that is repeated because its answer was lost adds nothing and is answered as the first was: a record knows the job by
-- which its message was enqueued.
-- Uses tables.lua, records.lua, channel.lua, queue.lua.

local request = cjson.decode(ARGV[1])
local entries = cjson.decode(ARGV[2])
local FIRST_TEXT = 3

local BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
-- A message of a job of many is named after the job and its position (`jobKey` in names.ts).
local JOB_PART = 4
local function entry_key(position)
  local high, low = math.floor(position / 64) + 1, position % 64 + 1
  return string.sub(request.key, 1, JOB_PART) .. string.sub(BASE64URL, high, high) .. string.sub(BASE64URL, low, low)
end

local function by_this_job(record)
  return string.sub(record.job, 1, JOB_PART) == string.sub(request.key, 1, JOB_PART)
end

-- A record without a job was made by an admission (the job came without a record), or restored to a store that had lost it. Nothing
-- says whether its job is still in the queue, so this message is enqueued. If it is a second one, admission finds that out.
local function is_duplicate(record)
  if is_final(record) then return not may_be_used_again(record) end
  return record.job ~= NO_JOB
end

local answer, fresh, taken = {}, {}, {}
for i = 1, #entries / 2 do
  local fp, expires = entries[2 * i - 1], entries[2 * i]
  -- A record that cannot be read must not fail the others: admission will fail for its message alone.
  -- It is read as it is stored, not lapsed: it may be saved again, and has to keep the nonce by which a late answer of its send is
  -- recognised.
  local readable, record = pcall(stored_record, fp)
  local known = readable and record and is_duplicate(record)
  if taken[fp] or (known and not by_this_job(record)) then
    answer[i] = 0
  else
    answer[i] = 1
    if not known then
      fresh[#fresh + 1] = { position = i, fp = fp, text = ARGV[FIRST_TEXT - 1 + i], readable = readable,
        expires = math.max(expires > 0 and expires or now + request.life, now) + DAY,
        live = readable and record and not is_final(record) and record }
    end
  end
  taken[fp] = not request.dry
end
if request.dry or #fresh == 0 then return answer end
if is_left() then return 'left' end

local many = #fresh > 1
local function job_data()
  if not many then return '{"v":1,' .. string.sub(fresh[1].text, 2) end
  local texts = {}
  for i, message in ipairs(fresh) do texts[i] = message.text end
  return '{"v":1,"messages":[' .. table.concat(texts, ',') .. ']}'
end

local function enlist(message, key)
  local record = message.live
  if record then
    record.job, record.expires = key, math.max(record.expires, message.expires)
  else
    record = enlisted_record(message.expires, 1, key)
  end
  save_record(message.fp, record)
end

-- The job comes first, because a script that fails takes nothing back: a job without records is delivered, while a record without a
-- job would be a message lost.
local added = add_job({ id = request.job, name = many and 'messages' or 'message', data = job_data(),
  timestamp = string.format('%.0f', now), priority = request.priorities[many and 2 or 1], due = request.due, messages = #fresh })
release_jobs()
if added then count_total('enqueued', #fresh) end
for i, message in ipairs(fresh) do
  if message.readable and added then
    enlist(message, many and entry_key(i - 1) or request.key)
  elseif message.readable then
    -- This is a repetition, and the job of the first call does not have this message: there it was a duplicate, and only since
    -- then a day has passed since the end of the other message of this id.
    answer[message.position] = 0
  end
end
return answer
