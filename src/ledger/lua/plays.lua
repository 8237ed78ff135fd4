-- Records plays. ARGV[1]: { playTtl } as JSON. ARGV[2]: a JSON array of { recipient, at }. A later play than the one
-- known, or than a refusal, makes the player eligible again. Answers how many were news.
-- Uses tables.lua, slots.lua.

local plays = open_plays(cjson.decode(ARGV[1]).playTtl)
local news = 0
for _, play in ipairs(cjson.decode(ARGV[2])) do
  -- Some tables write "never" as an instant before the epoch.
  local at = math.max(0, math.min(play[2], now))
  local known = load_play(plays, play[1])
  if not known or known.at < at then
    save_play(plays, play[1], now, PLAYED, at)
    news = news + 1
  elseif known.kind == PLAYED then
    renew_play(plays, play[1], known)
  end
end
return news
