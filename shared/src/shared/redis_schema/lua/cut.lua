-- Takes out of hot history what PostgreSQL has removed for its age. The same call again does nothing.
-- KEYS 1 meta  2 log  3 edits  4 edited  5 unsaved
-- ARGV 1 greatest seq that was removed  2 messages removed from the room since it began
-- Returns 1, or 0 when the room is not in Redis.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'removed')
if not meta[1] then return 0 end
local removed = tonumber(ARGV[2]) - tonumber(meta[2] or '0')
if removed > 0 then
  redis.call('HINCRBY', KEYS[1], 'total', -removed)
  redis.call('HSET', KEYS[1], 'removed', ARGV[2])
end
local first = tonumber(ARGV[1]) + 1
-- What PostgreSQL does not have yet is nowhere else.
local oldest = tonumber(redis.call('ZRANGE', KEYS[5], 0, 0)[1])
if oldest and oldest < first then first = oldest end
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', first) .. '-0')
for _, seq in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  if tonumber(seq) < first then
    redis.call('HDEL', KEYS[3], seq)
    redis.call('ZREM', KEYS[4], seq)
  end
end
return 1
