-- Takes over the channel's quota policy. ARGV[1]: the policy as text. A slot means "one in this window", so the policy
-- cannot change while slots of the old one are held. Answers { 1 } or { 0, until when, the old policy }.

local held = redis.call('GET', base .. ':policy')
if held and held ~= ARGV[1] then
  local latest = 0
  for i = 0, slots.buckets - 1 do
    latest = math.max(latest, redis.call('PEXPIRETIME', slots.base .. ':' .. string.format('%.0f', i)))
  end
  if latest > now then return { 0, string.format('%.0f', latest), held } end
end
redis.call('SET', base .. ':policy', ARGV[1])
return { 1 }
