-- Replays dead letters: run n + 1 of each begins, its job stands in the queue and the letter is gone, all in this call.
-- ARGV[1]: a JSON array of { name, reason, at }, the death that was seen. Answers, for each:
--   replayed
--   gone       no longer listed with that death: replayed by somebody else, or dead again since
--   delivered  proof came in since its death; the letter is dropped
--   active     a send of the message is under way      } the letter stays
--   duplicate  another message of its name ended less   }
--              than a day ago                           }
--   cut        only the beginning of its data was kept }

local answer = {}
local urgent, waiting = false, {}

-- A job of its own for each run, so that what is left of an earlier one cannot take it along. BullMQ refuses colons in
-- the ids that producers choose.
local function enqueue(name, letter, run)
  local job = string.format('%s:#%.0f', name, run)
  local key = QUEUE .. job
  local named = letter.id ~= letter.job and letter.reason ~= 'invalid_message'
  redis.call('HSET', key, 'name', 'message', 'data', redis.call('HGET', LETTERS .. ':data', name) or '', 'opts', '{}',
    'timestamp', letter.t, 'delay', '0', 'priority', string.format('%.0f', letter.priority))
  if named and redis.call('SET', QUEUE .. 'de:' .. letter.id, job, 'NX') then
    redis.call('HSET', key, 'deid', letter.id)
  end
  if letter.priority > 0 then
    local turn = redis.call('INCR', QUEUE .. 'pc') % 0x100000000
    redis.call('ZADD', QUEUE .. 'prioritized', string.format('%.0f', letter.priority * 0x100000000 + turn), job)
    urgent = true
  else
    waiting[#waiting + 1] = job
  end
end

local function replay(seen)
  local died_at = redis.call('ZSCORE', LETTERS .. ':' .. seen.reason, seen.name)
  if not died_at or tonumber(died_at) ~= seen.at then return 'gone' end
  local letter = find_letter(seen.name)
  if letter.size then return 'cut' end
  local record = load_life(letter.m, letter.j)
  local own = not (record and is_final(record)) or record.job == letter.j
  if not own then return 'duplicate' end
  if record and (record.state == SENDING or record.state == ASKING) then return 'active' end
  if record and record.state == DELIVERED then
    drop_letter(seen.name, letter)
    return 'delivered'
  end
  -- Open: a replay of an older version began the run and got no further, or another job of that name did.
  local run = record and record.run or letter.run
  if not record or is_final(record) then
    run = math.max(run, letter.run) + 1
    save_record(letter.m, new_record(math.max(letter.e, now) + DAY, run))
  end
  enqueue(seen.name, letter, run)
  drop_letter(seen.name, letter)
  return 'replayed'
end

for i, seen in ipairs(cjson.decode(ARGV[1])) do answer[i] = replay(seen) end
if #waiting > 0 then redis.call('LPUSH', QUEUE .. 'wait', unpack(waiting)) end
-- What wakes BullMQ's workers.
if #waiting > 0 or urgent then redis.call('ZADD', QUEUE .. 'marker', 0, '0') end
return answer
