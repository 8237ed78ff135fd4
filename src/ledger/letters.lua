-- Keeps the index of dead letters and the failed set one. ARGV[1]: { op, … } as JSON.
--   missing: of { ids }, jobs, those that no reason lists; where KEYS[2], the failed set, is given, only those still in it
--   index:   lists a letter { reason, id, jobId, at }
--   drop:    removes a letter { reason, id, jobId } that was replayed, purged or completed; with { at } only if it is
--            still listed with that death, for it may have died again since
--   deaths:  of { ids }, jobs: under which reason each is listed and since when, false for those that are not

local request = cjson.decode(ARGV[1])
local LETTERS = base .. ':dead'

if request.op == 'missing' then
  local missing = {}
  for _, id in ipairs(request.ids) do
    local listed = false
    for _, reason in ipairs(request.reasons) do
      listed = listed or redis.call('ZSCORE', LETTERS .. ':' .. reason, id)
    end
    -- A replay unlists a letter once its job has left the failed set.
    local failed = not KEYS[2] or redis.call('ZSCORE', KEYS[2], id)
    if failed and not listed then missing[#missing + 1] = id end
  end
  return missing
end
if request.op == 'index' then
  redis.call('ZADD', LETTERS .. ':' .. request.reason, string.format('%.0f', request.at), request.jobId)
  return redis.call('HSET', LETTERS, request.id, request.jobId)
end
if request.op == 'deaths' then
  local deaths = {}
  for i, id in ipairs(request.ids) do
    deaths[i] = false
    for _, reason in ipairs(request.reasons) do
      local at = redis.call('ZSCORE', LETTERS .. ':' .. reason, id)
      if at then deaths[i] = { reason, at } end
    end
  end
  return deaths
end
local key = LETTERS .. ':' .. request.reason
if request.at and tonumber(redis.call('ZSCORE', key, request.jobId) or 0) ~= request.at then return 0 end
redis.call('ZREM', key, request.jobId)
redis.call('HDEL', LETTERS .. ':runs', request.jobId)
if redis.call('HGET', LETTERS, request.id) == request.jobId then redis.call('HDEL', LETTERS, request.id) end
return 1
