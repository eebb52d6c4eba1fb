-- Takes entries that PostgreSQL has committed (or that went to the dead letters) off the queue.
-- KEYS 1 ingest  then per room: unsaved, log
-- ARGV 1 group  2 seconds to keep hot history  3 number of entries  4… entry ids
--      then per room: number of seqs, seqs …
local ids = tonumber(ARGV[3])
local at = 4
while ids > 0 do
  local n = math.min(ids, 1000)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, at, at + n - 1))
  redis.call('XDEL', KEYS[1], unpack(ARGV, at, at + n - 1))
  at = at + n
  ids = ids - n
end
for key = 2, #KEYS, 2 do
  local seqs = tonumber(ARGV[at])
  at = at + 1
  while seqs > 0 do
    local n = math.min(seqs, 1000)
    redis.call('ZREM', KEYS[key], unpack(ARGV, at, at + n - 1))
    at = at + n
    seqs = seqs - n
  end
  -- Only history that is safe elsewhere may expire.
  if redis.call('EXISTS', KEYS[key]) == 0 then redis.call('EXPIRE', KEYS[key + 1], ARGV[2]) end
end
return 1
