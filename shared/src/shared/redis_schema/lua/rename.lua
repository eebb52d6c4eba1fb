-- Gives a present person a new name or colour.
-- include roster.lua
-- include names.lua
-- KEYS 1 meta  2 users  3 roster  4 tabs  5 conns  6 leaving  7 online  8 unlisted  9 ingest
--      10 leavers  11 names
-- ARGV 1 user id  2 user snapshot (JSON)  3 channel  4 '1' = only the colour is new
--      5… name, see names.lua
-- Returns {person (JSON) as they are called now, rv, epoch}, or false if they are not present.
local k = {meta = KEYS[1], users = KEYS[2], roster = KEYS[3], names = KEYS[11], channel = ARGV[3]}
local person = redis.call('HGET', k.users, ARGV[1])
if not person then return false end
local called = take_name(k, ARGV[1], wanted_at(5), ARGV[4] == '1')
if person ~= called then
  local time = redis.call('TIME')
  redis.call('HSET', k.users, ARGV[1], called)
  announce(k, 'n', string.format('%.0f', redis.call('ZSCORE', k.roster, ARGV[1])),
           called .. '\n' .. person)
  redis.call('XADD', KEYS[9], '*', 'k', 'u', 'v', 1,
             'u', string.format('%.0f', time[1] * 1000000 + time[2]), 'b', ARGV[2])
end
return {called, unpack(redis.call('HMGET', k.meta, 'rv', 'epoch'))}
