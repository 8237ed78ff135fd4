-- The entries of a call, which come as one flat JSON array.
-- Uses campaigns.lua.

-- Does the work of each entry, with its position from 1. Each takes `size` places: `read` makes an object of those behind `at`, the last
-- has what few entries have, as an object, or false.
local function each_entry(entries, size, read, work)
  counting_campaigns(function()
    for position = 1, #entries / size do
      local at = (position - 1) * size
      local entry, rare = read(at), entries[at + size]
      if rare then
        for name, value in pairs(rare) do entry[name] = value end
      end
      work(entry, position)
    end
  end)
end
