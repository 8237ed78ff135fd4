-- Takes over the channel's quota policy. ARGV[1]: the policy as text. A slot means "one in this window", so the policy
-- cannot change while slots of the old one are held. Answers { 1 } or { 0, until when, the old policy }.

local held = redis.call('GET', base .. ':policy')
if held and held ~= ARGV[1] then
  if slots.horizon > now then return { 0, string.format('%.0f', slots.horizon), held } end
end
redis.call('SET', base .. ':policy', ARGV[1])
return { 1 }
