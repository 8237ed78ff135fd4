-- Campaigns: one content for many recipients. What a campaign sends is stored once, in a hash with its state and its counts.

-- It outlasts the last of its messages, and their dead letters for a while.
local CAMPAIGN_KEPT = 7 * DAY
