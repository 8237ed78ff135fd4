-- Dead letters: a record each, written by the script that makes the message dead, and kept until it is replayed or purged.
-- A letter is named after the job that its message was enqueued with (its origin). Where it has a `size`, its data were too large, and
-- only their beginning was kept.

local function find_dead_letter(name)
  local text = redis.call('HGET', DEAD_LETTERS, name)
  return text and cjson.decode(text) or nil
end

-- Of the letters that somebody has seen, { names, reasons, deaths } in the same order, returns those that are still kept with that
-- death, as name -> letter.
local function listed_dead_letters(seen)
  local listed = {}
  if #seen.names == 0 then return listed end
  for i, text in ipairs(redis.call('HMGET', DEAD_LETTERS, unpack(seen.names))) do
    local letter = text and cjson.decode(text)
    if letter and letter.at == seen.deaths[i] and letter.reason == seen.reasons[i] then listed[seen.names[i]] = letter end
  end
  return listed
end

-- Takes letters (name -> letter) out of the lists, and returns their names; nil if there are none.
local function unlist_dead_letters(letters)
  local ids, names, by_reason, latest = {}, {}, {}, {}
  for name, letter in pairs(letters) do
    ids[#ids + 1], names[#names + 1] = letter.id, name
    local same = by_reason[letter.reason] or {}
    by_reason[letter.reason], same[#same + 1] = same, name
  end
  if #ids == 0 then return end
  for reason, same in pairs(by_reason) do redis.call('ZREM', dead_letters_of(reason), unpack(same)) end
  for i, name in ipairs(redis.call('HMGET', DEAD_LETTER_IDS, unpack(ids))) do
    if name == names[i] then latest[#latest + 1] = ids[i] end
  end
  if #latest > 0 then redis.call('HDEL', DEAD_LETTER_IDS, unpack(latest)) end
  return names
end

local function drop_dead_letters(letters)
  local names = unlist_dead_letters(letters)
  if not names then return end
  redis.call('HDEL', DEAD_LETTERS, unpack(names))
  redis.call('HDEL', DEAD_LETTER_DATA, unpack(names))
end

-- Keeps the letter of a settlement `s` by which a message died. `death`: { reason, run, attempts, at }.
local function keep_dead_letter(s, death)
  local source, name = s.letter, s.jobId
  local held = find_dead_letter(name)
  -- A foreign producer may use a job id again. The letter of its earlier job stays, and this one gets a name of its own.
  if held and held.t ~= source.t then
    name = name .. ':@' .. source.t
    held = find_dead_letter(name)
  end
  if held then unlist_dead_letters({ [name] = held }) end
  redis.call('HSET', DEAD_LETTER_DATA, name, ARGV[source.data])
  redis.call('HSET', DEAD_LETTERS, name, cjson.encode({ m = s.m, j = s.j, id = s.id, job = s.jobId, campaign = s.campaign, e = s.e,
    name = source.name, t = source.t, due = source.due, priority = source.priority, size = source.size, detail = source.detail,
    reason = death.reason, run = death.run, attempts = death.attempts, at = death.at }))
  redis.call('HSET', DEAD_LETTER_IDS, s.id, name)
  redis.call('ZADD', dead_letters_of(death.reason), string.format('%.0f', death.at), name)
end
