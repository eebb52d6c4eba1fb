-- Withdraws one connection; the person stays on the roster for the grace if it was the last one.
-- include roster.lua
-- KEYS 1 meta  2 users  3 roster  4 tabs  5 conns  6 leaving  7 online  8 unlisted  9 ingest
--      10 leavers  11 names
-- ARGV 1 room id  2 user id  3 connection id  4 user snapshot (JSON)  5 ms of grace
-- Returns connections that the user still has in the room, or -1 if this one was not there.
if redis.call('ZREM', KEYS[5], ARGV[1] .. '|' .. ARGV[2] .. '|' .. ARGV[3]) == 0 then return -1 end
local tabs = redis.call('HINCRBY', KEYS[4], ARGV[2], -1)
if tabs > 0 then return tabs end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('HSET', KEYS[4], ARGV[2], 0)
redis.call('ZADD', KEYS[6], string.format('%.0f', now / 1000 + tonumber(ARGV[5])),
           ARGV[1] .. '|' .. ARGV[2])
redis.call('SADD', KEYS[10], ARGV[2])
redis.call('XADD', KEYS[9], '*', 'k', 'u', 'v', 1, 'u', string.format('%.0f', now), 'b', ARGV[4])
return 0
