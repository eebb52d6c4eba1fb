-- Changes the settings of a room that is in Redis, or closes it for good.
-- include roster.lua
-- KEYS 1 meta  2 roster  3 online  4 unlisted
-- ARGV 1 room id  2 channel  3 'updated' | 'closed'  4… field, value, …
-- Returns 1, or 0 when the room is not in Redis.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
-- Two changes may arrive in the other order than PostgreSQL took them in.
local held = redis.call('HGET', KEYS[1], 'updated')
for at = 4, #ARGV, 2 do
  if ARGV[at] == 'updated' and held and tonumber(held) > tonumber(ARGV[at + 1]) then return 0 end
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
if ARGV[3] == 'closed' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
else
  count_online({meta = KEYS[1], roster = KEYS[2], online = KEYS[3], unlisted = KEYS[4]}, ARGV[1])
end
redis.call('SPUBLISH', ARGV[2], '1c ' .. ARGV[3] .. '\n')
return 1
