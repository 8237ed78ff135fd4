-- What the gauges need and the queue does not provide. ARGV[1]: the dead reasons as a JSON array. Answers
-- { now, stop, stopped at, rest reason, rest until, waits { cause, count, oldest } …, letters { reason, count, oldest, due } …,
-- more { messages of jobs of many beyond the first, of those in hand }, campaigns { messages that wait, that are under way,
-- state, count … }, hold { how often the breaker opened, 1 while its probe is out, how far ahead the rate is granted in ms, messages of
-- paused campaigns, sends in doubt }, totals { name, figure … }, slots { held, spent, the policy in force }, oldest jobs { id, since,
-- sure } … }, `due` being since when the message of the oldest letter was waited for.
-- Uses tables.lua, records.lua, channel.lua, waits.lua, campaigns.lua, queue.lua, oldest-ready.lua, dead-letters.lua.

local letters = {}
for _, reason in ipairs(cjson.decode(ARGV[1])) do
  local key = dead_letters_of(reason)
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  local letter = oldest[1] and find_dead_letter(oldest[1])
  letters[#letters + 1] = { reason, redis.call('ZCARD', key), tostring(oldest[2] or '0'),
    string.format('%.0f', letter and letter.due or 0) }
end

-- As `stateOf` in campaigns.ts.
local function shown_state(campaign)
  if campaign.state == 'cancelled' then return campaign.state end
  local listed = campaign.listed or now >= campaign.expires
  if listed and campaign.waiting + campaign.under_way == 0 then return 'done' end
  if campaign.state == 'paused' then return campaign.state end
  return listed and 'running' or 'listing'
end

-- There may be older ones, of which nothing is left to send.
local MOST_CAMPAIGNS = 500
local campaigns, states, paused = { 0, 0 }, {}, 0
for _, id in ipairs(redis.call('ZREVRANGE', CAMPAIGNS, 0, MOST_CAMPAIGNS - 1)) do
  local campaign = read_campaign(id)
  if campaign then
    local state = shown_state(campaign)
    states[state] = (states[state] or 0) + 1
    campaigns[1], campaigns[2] = campaigns[1] + campaign.waiting, campaigns[2] + campaign.under_way
    if state == 'paused' then paused = paused + campaign.waiting + campaign.under_way end
  end
end
for state, count in pairs(states) do
  campaigns[#campaigns + 1], campaigns[#campaigns + 2] = state, count
end

local totals, fields = {}, redis.call('HGETALL', CHANNEL)
local slots_of, ended = { held = 0, spent = 0 }, {}
for i = 1, #fields, 2 do
  local name = string.match(fields[i], '^total:([%w_:]+)$')
  if name then totals[#totals + 1], totals[#totals + 2] = name, fields[i + 1] end
  local state, ends = string.match(fields[i], '^slots:(%a+):(%d+)$')
  if state and tonumber(ends) <= now then
    ended[#ended + 1] = fields[i]
  elseif slots_of[state] then
    slots_of[state] = slots_of[state] + math.max(0, figure(fields[i + 1]))
  end
end
-- A store that takes no writes keeps them a little longer. Short rolling windows leave many, so that a channel which nobody has looked at
-- for a while has more than one call can take.
local MOST_DELETED = 1000
for from = 1, #ended, MOST_DELETED do
  redis.pcall('HDEL', CHANNEL, unpack(ended, from, math.min(from + MOST_DELETED - 1, #ended)))
end

local held = redis.call('HMGET', CHANNEL, 'opens', 'probeUntil', 'tat', 'doubts')
local probe_until, ahead = figure(held[2]), math.max(0, figure(held[3]) - now)
-- Further ahead than a probe takes, or a day's rate: the store's clock was set back.
local probing = probe_until > now and probe_until <= now + DAY
local doubts = math.max(0, figure(held[4]))
-- Of messages whose jobs were removed by other hands than a worker's: nobody resolves them.
if doubts > 0 and is_queue_empty() then
  redis.pcall('HDEL', CHANNEL, 'doubts')
  doubts = 0
end
local hold = { figure(held[1]), probing and 1 or 0, ahead <= DAY and math.floor(ahead) or 0, paused, doubts }

local more, more_active = more_messages()
local stop, rest = channel_stop() or {}, channel_rest() or {}
return { string.format('%.0f', now), stop.reason or false, stop.at or false, rest.reason or false,
  rest.until_at and string.format('%.0f', rest.until_at) or false, read_waits(), letters,
  { more, more_active }, campaigns, hold, totals,
  { slots_of.held, slots_of.spent, redis.call('GET', POLICY) },
  find_oldest_ready() }
