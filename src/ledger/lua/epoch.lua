-- The epoch: which history of the store the workers' knowledge belongs to. `token id opens cause`: a random name, which
-- a FLUSHALL takes along; the replication id that it was written under, which changes when a replica takes over; from
-- when on anybody may be admitted; and why it was begun.

local function replication_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- { token, id, opens, cause } as it is written, or nil.
local function stored_epoch()
  local token, id, opens, cause = string.match(redis.call('GET', EPOCH) or '', '^(%S+) (%x+) (%d+) (%l+)$')
  return token and { token = token, id = id, opens = tonumber(opens), cause = cause } or nil
end

-- Whether this is the history that the caller knows. No message is admitted by what is left in a store that lost writes.
local function is_epoch(token)
  local epoch = stored_epoch()
  return epoch and epoch.token == token and epoch.id == replication_id()
end
