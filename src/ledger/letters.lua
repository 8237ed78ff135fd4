-- Keeps the index of dead letters and the failed set one. ARGV[1]: { op, … } as JSON.
--   missing: of { ids }, jobs of the failed set, those that no reason lists
--   index:   lists a letter { reason, id, jobId, at }
--   drop:    removes a letter { reason, id, jobId } that was purged or completed

local request = cjson.decode(ARGV[1])
local LETTERS = base .. ':dead'

if request.op == 'missing' then
  local missing = {}
  for _, id in ipairs(request.ids) do
    local listed = false
    for _, reason in ipairs(request.reasons) do
      listed = listed or redis.call('ZSCORE', LETTERS .. ':' .. reason, id)
    end
    if not listed then missing[#missing + 1] = id end
  end
  return missing
end
if request.op == 'index' then
  redis.call('ZADD', LETTERS .. ':' .. request.reason, string.format('%.0f', request.at), request.jobId)
  return redis.call('HSET', LETTERS, request.id, request.jobId)
end
redis.call('ZREM', LETTERS .. ':' .. request.reason, request.jobId)
if redis.call('HGET', LETTERS, request.id) == request.jobId then redis.call('HDEL', LETTERS, request.id) end
return 1
