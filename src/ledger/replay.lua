-- Starts run n + 1 of dead letters. ARGV[1]: a JSON array of { m message, e expires, id, jobId, reason }. Answers, for
-- each: { status, run }: `ready` (the job may be retried), `delivered` (proof came in since), `active` (in flight).

local letters = cjson.decode(ARGV[1])
local DEAD_LETTERS = base .. ':dead'

local function replay(letter)
  redis.call('ZREM', DEAD_LETTERS .. ':' .. letter.reason, letter.jobId)
  redis.call('HDEL', DEAD_LETTERS, letter.id)
  local record = load_record(letter.m)
  if record and record.state == DELIVERED then return { 'delivered', record.run } end
  if record and (record.state == SENDING or record.state == ASKING) then return { 'active', record.run } end
  -- Open: an earlier replay started the run and died before it moved the job.
  if record and record.state == OPEN then return { 'ready', record.run } end
  local fresh = new_record(math.max(letter.e, now) + DAY, (record and record.run or 1) + 1)
  save_record(letter.m, fresh)
  return { 'ready', fresh.run }
end

local answer = {}
for i, letter in ipairs(letters) do answer[i] = replay(letter) end
return answer
