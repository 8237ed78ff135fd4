-- Comes before the script that admits or replays, and stands for `redis` in it. The script then answers what it would answer at an
-- instant to come (ARGV[4], milliseconds since the epoch), by what is known now:
--   its clock shows that instant
--   commands that write do nothing, and answer 0
--   the channel's state reads as empty: nobody knows when a stop, a rest or the rate will let a message through
local store, instant = redis, tonumber(ARGV[4])
local READS = { GET = true, HGET = true, HMGET = true, HGETALL = true, HLEN = true, XLEN = true, INFO = true,
  ZMSCORE = true }

local function answer_nothing(command, fields)
  if command ~= 'HMGET' then return false end
  local answer = {}
  for i = 1, fields do answer[i] = false end
  return answer
end

local function read_only(command, key, ...)
  if command == 'TIME' then return { math.floor(instant / 1000), (instant % 1000) * 1000 } end
  if not READS[command] then return 0 end
  if key == CHANNEL then return answer_nothing(command, select('#', ...)) end
  return store.call(command, key, ...)
end

local redis = setmetatable({ call = read_only, pcall = read_only }, { __index = store })

