-- Dead letters: a record each, written by the script that makes the message dead, kept until it is replayed or purged.
-- A letter is named after the job that its message was enqueued with.
--   :letters           name -> what is known of it (JSON)
--   :letters:data      name -> the job's data as it was, or the beginning of it where `size` tells that there was more
--   :letters:ids       message id -> the name of its latest letter
--   :letters:<reason>  names by the instant of death

local LETTERS = base .. ':letters'
-- What the keys of the channel's queue begin with.
local QUEUE = string.match(base, '^(.*)ledger$') or ''

local function find_letter(name)
  local text = redis.call('HGET', LETTERS, name)
  return text and cjson.decode(text) or nil
end

local function unlist_letter(name, letter)
  redis.call('ZREM', LETTERS .. ':' .. letter.reason, name)
  if redis.call('HGET', LETTERS .. ':ids', letter.id) == name then redis.call('HDEL', LETTERS .. ':ids', letter.id) end
end

local function drop_letter(name, letter)
  unlist_letter(name, letter)
  redis.call('HDEL', LETTERS, name)
  redis.call('HDEL', LETTERS .. ':data', name)
end

-- `s` is the settlement that it died by, `death` holds reason, run, attempts and at.
local function keep_letter(s, death)
  local source, name = s.letter, s.jobId
  local held = find_letter(name)
  -- A foreign producer may use its job ids again: the letter of another job stays.
  if held and held.t ~= source.t then
    name = name .. ':@' .. source.t
    held = find_letter(name)
  end
  if held then unlist_letter(name, held) end
  redis.call('HSET', LETTERS .. ':data', name, ARGV[source.data])
  redis.call('HSET', LETTERS, name, cjson.encode({ m = s.m, j = s.j, id = s.id, job = s.jobId, e = s.e, t = source.t,
    due = source.due, priority = source.priority, size = source.size, detail = source.detail,
    reason = death.reason, run = death.run, attempts = death.attempts, at = death.at }))
  redis.call('HSET', LETTERS .. ':ids', s.id, name)
  redis.call('ZADD', LETTERS .. ':' .. death.reason, string.format('%.0f', death.at), name)
end
