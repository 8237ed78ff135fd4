-- Starts run n + 1 of dead letters. ARGV[1]: a JSON array of { m message, e expires, jobId, reason, at }. Answers, for
-- each: { status, run }: `ready` (the job may be retried), `delivered` (proof came in since), `active` (in flight),
-- `gone` (no longer listed with the death that was seen: replayed by somebody else, or dead again since).
--
-- The letter stays listed until its job has been moved: should the replay die in between, the letter is still found,
-- and the sweeper does not take it for a job that the queue gave up.

local letters = cjson.decode(ARGV[1])
local DEAD_LETTERS = base .. ':dead'

local function replay(letter)
  local died_at = redis.call('ZSCORE', DEAD_LETTERS .. ':' .. letter.reason, letter.jobId)
  if not died_at or tonumber(died_at) ~= letter.at then return { 'gone', 0 } end
  local record = load_record(letter.m)
  if record and record.state == DELIVERED then return { 'delivered', record.run } end
  if record and (record.state == SENDING or record.state == ASKING) then return { 'active', record.run } end
  -- Open: an earlier replay started the run and died before it moved the job.
  if record and record.state == OPEN then return { 'ready', record.run } end
  local run = record and record.run or tonumber(redis.call('HGET', DEAD_LETTERS .. ':runs', letter.jobId) or 1)
  local fresh = new_record(math.max(letter.e, now) + DAY, run + 1)
  save_record(letter.m, fresh)
  return { 'ready', fresh.run }
end

local answer = {}
for i, letter in ipairs(letters) do answer[i] = replay(letter) end
return answer
