-- Gives a campaign a list of recipients, as one job. ARGV[1]: { campaign, job its id, digest of the list, count, priority in the
-- queue, due (0: at once) } as JSON; ARGV[2]: the job's data. Answers `listed`, `duplicate` (this list was given before),
-- `cancelled`, or `unknown` (also where the channel's messages lie in other stores by now). A call that is repeated because its answer
-- was lost is answered as the first was.
-- Uses tables.lua, channel.lua, queue.lua.

local request = cjson.decode(ARGV[1])
local key, chunks = campaign_key(request.campaign), campaign_chunks(request.campaign)

local state, created = unpack(redis.call('HMGET', key, 'state', 'created'))
if not state or is_left() then return 'unknown' end
if state == 'cancelled' then return 'cancelled' end
local chunk = string.format('%.0f %s', request.count, request.job)
local held = redis.call('HGET', chunks, request.digest)
if held then return held == chunk and 'listed' or 'duplicate' end

-- A job older than its campaign is one of an earlier campaign of the same id: the clock of another store may be behind.
local listed_at = string.format('%.0f', math.max(now, figure(created)))
local added = add_job({ id = request.job, name = 'campaign', data = ARGV[2], timestamp = listed_at,
  priority = request.priority, due = request.due, messages = request.count })
release_jobs()
if added then count_total('enqueued', request.count) end
redis.call('HSET', chunks, request.digest, chunk)
if redis.call('HLEN', chunks) == 1 then
  redis.call('PEXPIREAT', chunks, string.format('%.0f', redis.call('PEXPIRETIME', key)))
end
redis.call('HINCRBY', key, 'listed', request.count)
return 'listed'
