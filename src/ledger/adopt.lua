-- Takes over the channel's quota policy. ARGV[1]: the policy as text. A slot means "one in this window", so the policy
-- cannot change while slots of the old one are held. Answers { 1 } or { 0, until when, the old policy }.

local held = redis.call('GET', base .. ':policy')
-- An earlier version kept no such field, and its slots no longer than their window.
local open_until = tonumber(redis.call('HGET', CHANNEL, 'slotsUntil') or slots.horizon) or slots.horizon
if held and held ~= ARGV[1] and open_until > now then
  return { 0, string.format('%.0f', open_until), held }
end
redis.call('SET', base .. ':policy', ARGV[1])
return { 1 }
