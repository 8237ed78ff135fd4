-- The number that the scripts know the reason `cancelled` by.
-- Uses records.lua.
return CANCELLED
