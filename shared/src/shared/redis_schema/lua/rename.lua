-- Gives a present person a new name or colour.
-- include roster.lua
-- KEYS 1 meta  2 users  3 roster  4 ingest
-- ARGV 1 user id  2 person (JSON)  3 user snapshot (JSON)  4 channel
-- Returns 1 if it changed, 0 if it was so already, -1 if the person is not present.
local k = {meta = KEYS[1], users = KEYS[2], roster = KEYS[3], channel = ARGV[4]}
local person = redis.call('HGET', k.users, ARGV[1])
if not person then return -1 end
if person == ARGV[2] then return 0 end
local time = redis.call('TIME')
redis.call('HSET', k.users, ARGV[1], ARGV[2])
announce(k, 'n', string.format('%.0f', redis.call('ZSCORE', k.roster, ARGV[1])),
         ARGV[2] .. '\n' .. person)
redis.call('XADD', KEYS[4], '*', 'k', 'u', 'v', 1,
           'u', string.format('%.0f', time[1] * 1000000 + time[2]), 'b', ARGV[3])
return 1
