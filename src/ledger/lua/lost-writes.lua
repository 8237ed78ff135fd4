-- What the store has lost of what a worker wrote to it: `nothing`, its latest writes (`end`), or `all` of them.
-- ARGV[1]: the epoch that the worker relied on, empty for none.
-- Another worker that saw the loss first has begun an epoch, which says what it was.
-- Uses tables.lua, epoch.lua.

local epoch = stored_epoch()
if not epoch then return 'all' end
if epoch.token == ARGV[1] then return epoch.id == replication_id() and 'nothing' or 'end' end
return epoch.cause == 'failover' and 'end' or 'all'
