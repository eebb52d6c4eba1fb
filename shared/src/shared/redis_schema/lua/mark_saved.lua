-- Takes entries that PostgreSQL has committed (or that went to the dead letters) off the queue.
-- KEYS 1 ingest  then per room: unsaved, log, edits, edited
-- ARGV 1 group  2 seconds to keep hot history  3 saved revisions to keep per room
--      4 seconds to keep revisions  5 number of entries  6… entry ids
--      then per room: number of seqs, seqs …, number of revisions, seq and revision …
local ids = tonumber(ARGV[5])
local at = 6
while ids > 0 do
  local n = math.min(ids, 1000)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, at, at + n - 1))
  redis.call('XDEL', KEYS[1], unpack(ARGV, at, at + n - 1))
  at = at + n
  ids = ids - n
end
for key = 2, #KEYS, 4 do
  local unsaved, log, edits, edited = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3]
  local seqs = tonumber(ARGV[at])
  at = at + 1
  while seqs > 0 do
    local n = math.min(seqs, 1000)
    redis.call('ZREM', unsaved, unpack(ARGV, at, at + n - 1))
    at = at + n
    seqs = seqs - n
  end
  -- Only history that is safe elsewhere may expire.
  if redis.call('EXISTS', unsaved) == 0 then redis.call('EXPIRE', log, ARGV[2]) end

  local revisions = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, revisions do
    local held = redis.call('HGET', edits, ARGV[at])
    if held then
      local revision, changed = string.match(held, '^(%d+) (%d+) ')
      -- A newer one than this is still on its way.
      if tonumber(revision) <= tonumber(ARGV[at + 1]) then
        redis.call('ZADD', edited, changed, ARGV[at])
      end
    end
    at = at + 2
  end
  if revisions > 0 then
    for _, old in ipairs(redis.call('ZRANGE', edited, 0, -1 - tonumber(ARGV[3]))) do
      redis.call('HDEL', edits, old)
      redis.call('ZREM', edited, old)
    end
    -- As of history, only what is safe elsewhere may expire soon.
    if redis.call('HLEN', edits) == redis.call('ZCARD', edited) then redis.call('EXPIRE', edits, ARGV[4]) end
    redis.call('EXPIRE', edited, math.max(redis.call('TTL', edits), 1))
  end
end
return 1
