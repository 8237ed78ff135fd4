-- The keys that scripts touch, as src/redis/keys.ts lists them. KEYS[1]: what those of the channel's ledger begin with;
-- KEYS[2]: its stream of receipts.

local LEDGER, RECEIPTS = KEYS[1], KEYS[2]

-- Packed tables: the buckets lie behind each, as `:m:0` (tables.lua).
local RECORDS, SLOTS, PLAYS, CLAIMS = LEDGER .. ':m', LEDGER .. ':s', LEDGER .. ':p', LEDGER .. ':c'

local CHANNEL = LEDGER .. ':channel' -- what holds for the whole channel, a hash

-- How many messages wait (waits.lua): by kind, and by kind and the second they are due, a hash each; the seconds of a kind by
-- since when the oldest of them waits, a sorted set.
local WAITS = LEDGER .. ':waiting'
local WAITS_DUE = WAITS .. ':due'
local function waits_since(kind) return WAITS .. ':since:' .. kind end
local OLD_WAITS = LEDGER .. ':waits' -- of version 0.1, which kept no sums
local POLICY = LEDGER .. ':policy' -- the one in force
local EPOCH = LEDGER .. ':epoch'
local PERMISSIONS = LEDGER .. ':permissions' -- scratch, present only within a call

-- Dead letters: a hash each by name (the letter, the job's data) and by message id (the name of its latest letter), and
-- the names of each reason by the instant of death.
local DEAD_LETTERS = LEDGER .. ':letters'
local DEAD_LETTER_DATA, DEAD_LETTER_IDS = DEAD_LETTERS .. ':data', DEAD_LETTERS .. ':ids'
local function dead_letters_of(reason) return DEAD_LETTERS .. ':' .. reason end

-- Campaigns: their ids by the instant of creation, a sorted set; of each what it sends and its counts, a hash; and which
-- lists of recipients it has been given, a hash.
local CAMPAIGNS = LEDGER .. ':campaigns'
local function campaign_key(id) return LEDGER .. ':campaign:' .. id end
local function campaign_chunks(id) return campaign_key(id) .. ':chunks' end

-- The index of version 0.1, which kept its letters in the queue's failed set.
local OLD_DEAD_LETTERS, OLD_RUNS = LEDGER .. ':dead', LEDGER .. ':dead:runs'
local function old_dead_letters_of(reason) return OLD_DEAD_LETTERS .. ':' .. reason end
