-- Changes a campaign. ARGV[1]: its id; ARGV[2]: `pause`, `resume`, `cancel`, or `listed` where its listing has come to its end.
-- Answers the state that it has then, or `unknown`, and 1 where that is another than before. One that was cancelled stays so.

local id, operation = ARGV[1], ARGV[2]
local STATES = { pause = 'paused', resume = 'running', cancel = 'cancelled' }
local key = campaign_key(id)

local state = redis.call('HGET', key, 'state')
if not state then return { 'unknown', 0 } end
if operation == 'listed' or operation == 'cancel' then redis.call('HDEL', key, 'listing') end
if state == 'cancelled' or not STATES[operation] then return { state, 0 } end
redis.call('HSET', key, 'state', STATES[operation])
return { STATES[operation], state == STATES[operation] and 0 or 1 }
