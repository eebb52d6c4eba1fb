-- Lets one connection in: capacity, presence and announcement at one moment.
-- include roster.lua
-- KEYS 1 meta  2 users  3 roster  4 tabs  5 conns  6 leaving  7 online  8 unlisted  9 ingest
--      10 leavers
-- ARGV 1 room id  2 user id  3 connection id  4 person (JSON)  5 user snapshot (JSON)
--      6 ms the connection lives without renewal  7 channel  8 '1' = let in even when full
--      9 seconds to keep the room
-- Returns {'ok', people online, 'joined'|'back'|'tab'|'again', meta…} | {'full', max_users} |
--         {'no_room'} | {'closed'}
local k = {meta = KEYS[1], users = KEYS[2], roster = KEYS[3], tabs = KEYS[4],
           online = KEYS[7], unlisted = KEYS[8], channel = ARGV[7]}
local room, user = ARGV[1], ARGV[2]
local meta = redis.call('HMGET', k.meta, 'epoch', 'closed', 'max_users')
if not meta[1] then return {'no_room'} end
if meta[2] then return {'closed'} end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local micros = string.format('%.0f', now)
local expiry = string.format('%.0f', now / 1000 + tonumber(ARGV[6]))
local member = room .. '|' .. user .. '|' .. ARGV[3]

local person = redis.call('HGET', k.users, user)
local outcome = 'tab'
if not person then
  local places = tonumber(meta[3]) - redis.call('ZCARD', k.roster)
  if places <= 0 and ARGV[8] ~= '1' then
    -- Those who have left hold no place, though their leave is not announced yet.
    while places <= 0 do
      local leaver = redis.call('SPOP', KEYS[10])
      if not leaver then break end
      redis.call('ZREM', KEYS[6], room .. '|' .. leaver)
      places = places + remove_user(k, room, leaver)
    end
    if places <= 0 then return {'full', meta[3]} end
  end
  outcome = 'joined'
  redis.call('HSET', k.users, user, ARGV[4])
  redis.call('ZADD', k.roster, micros, user)
  announce(k, 'j', micros, ARGV[4])
elseif person ~= ARGV[4] then
  redis.call('HSET', k.users, user, ARGV[4])
  announce(k, 'n', string.format('%.0f', redis.call('ZSCORE', k.roster, user)),
           ARGV[4] .. '\n' .. person)
end
if redis.call('ZADD', KEYS[5], expiry, member) == 0 then
  outcome = 'again'
else
  redis.call('HINCRBY', k.tabs, user, 1)
  if redis.call('ZREM', KEYS[6], room .. '|' .. user) == 1 then
    redis.call('SREM', KEYS[10], user)
    outcome = 'back'
  end
  redis.call('XADD', KEYS[9], '*', 'k', 'u', 'v', 1, 'u', micros, 'b', ARGV[5])
end
redis.call('EXPIRE', k.meta, ARGV[9])
return {'ok', count_online(k, room), outcome, unpack(redis.call('HGETALL', k.meta))}
