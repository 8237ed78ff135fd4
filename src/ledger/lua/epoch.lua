-- The epoch tells a store that has lost acknowledged writes from the one that the workers know. It is a text, `token id opens cause`:
--   token  a random name, which a FLUSHALL deletes
--   id     the replication id under which it was written, which changes when a replica takes over
--   opens  from when on anything may be admitted
--   cause  why it was begun

local function replication_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- { token, id, opens, cause } as it is written, or nil.
local function stored_epoch()
  local token, id, opens, cause = string.match(redis.call('GET', EPOCH) or '', '^(%S+) (%x+) (%d+) (%l+)$')
  return token and { token = token, id = id, opens = tonumber(opens), cause = cause } or nil
end

-- Whether the store still has the history that the caller knows. A store that has lost writes must admit nothing.
local function is_epoch(token)
  local epoch = stored_epoch()
  return epoch and epoch.token == token and epoch.id == replication_id()
end
