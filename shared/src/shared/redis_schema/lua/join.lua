-- Lets one connection in: capacity, name, presence and announcement at one moment.
-- include roster.lua
-- include names.lua
-- KEYS 1 meta  2 users  3 roster  4 tabs  5 conns  6 leaving  7 online  8 unlisted  9 ingest
--      10 leavers  11 names
-- ARGV 1 room id  2 user id  3 connection id  4 user snapshot (JSON)
--      5 ms the connection lives without renewal  6 channel  7 '1' = let in even when full
--      8 seconds to keep the room  9 '1' = who is in already is called as before
--      10… name, see names.lua
-- Returns {'ok', people online, 'joined'|'back'|'tab'|'again', person (JSON), meta…} |
--         {'full', max_users} | {'no_room'} | {'closed'}
local k = {meta = KEYS[1], users = KEYS[2], roster = KEYS[3], tabs = KEYS[4],
           online = KEYS[7], unlisted = KEYS[8], names = KEYS[11], channel = ARGV[6]}
local room, user = ARGV[1], ARGV[2]
local meta = redis.call('HMGET', k.meta, 'epoch', 'is_public', 'closed', 'max_users')
if not meta[1] then return {'no_room'} end
if meta[3] then return {'closed'} end
k.about = meta
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local micros = string.format('%.0f', now)
local expiry = string.format('%.0f', now / 1000 + tonumber(ARGV[5]))
local member = room .. '|' .. user .. '|' .. ARGV[3]

local person = redis.call('HGET', k.users, user)
local outcome = 'tab'
if not person then
  local places = tonumber(meta[4]) - redis.call('ZCARD', k.roster)
  if places <= 0 and ARGV[7] ~= '1' then
    -- Those who have left hold no place, though their leave is not announced yet.
    while places <= 0 do
      local leaver = redis.call('SPOP', KEYS[10])
      if not leaver then break end
      redis.call('ZREM', KEYS[6], room .. '|' .. leaver)
      places = places + remove_user(k, room, leaver)
    end
    if places <= 0 then return {'full', meta[4]} end
  end
  outcome = 'joined'
end
local called = person
-- Older replicas put people in without names.
if not person or ARGV[9] ~= '1' or redis.call('HEXISTS', k.names, '\n' .. user) == 0 then
  called = take_name(k, user, wanted_at(10), person)
end
if not person then
  redis.call('HSET', k.users, user, called)
  redis.call('ZADD', k.roster, micros, user)
  announce(k, 'j', micros, called)
elseif person ~= called then
  redis.call('HSET', k.users, user, called)
  announce(k, 'n', string.format('%.0f', redis.call('ZSCORE', k.roster, user)),
           called .. '\n' .. person)
end
if redis.call('ZADD', KEYS[5], expiry, member) == 0 then
  outcome = 'again'
else
  redis.call('HINCRBY', k.tabs, user, 1)
  if redis.call('ZREM', KEYS[6], room .. '|' .. user) == 1 then
    redis.call('SREM', KEYS[10], user)
    outcome = 'back'
  end
  redis.call('XADD', KEYS[9], '*', 'k', 'u', 'v', 1, 'u', micros, 'b', ARGV[4])
end
redis.call('EXPIRE', k.meta, ARGV[8])
return {'ok', count_online(k, room), outcome, called, unpack(redis.call('HGETALL', k.meta))}
