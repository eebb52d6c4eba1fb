-- Removes what expired in one partition: connections of crashed replicas, people past the grace.
-- A renewal that came first wins, because scores are compared here and now; the one whose ZREM
-- took a member announces it, so that many reapers tell it once.
-- include roster.lua
-- KEYS 1 conns  2 leaving  3 online  4 unlisted
-- ARGV 1 start of the partition's keys  2 most members in one call
-- Returns {connections reaped, people removed}
local function keys_of(room)
  local root = ARGV[1] .. 'room:' .. room .. ':'
  return {meta = root .. 'meta', users = root .. 'users', roster = root .. 'roster',
          tabs = root .. 'tabs', leavers = root .. 'leavers', names = root .. 'names',
          online = KEYS[3], unlisted = KEYS[4], channel = ARGV[1] .. 'c:' .. room}
end
-- While a slot goes to another node key by key, keys that are not in KEYS may be there already; to
-- touch them would end the script half-way. Their members wait for another round.
local function is_here(k)
  local found = redis.pcall('EXISTS', k.meta, k.users, k.roster, k.tabs, k.leavers, k.names)
  return type(found) == 'number'
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + time[2] / 1000)
local reaped, removed = 0, 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local room, user = string.match(member, '^([^|]+)|([^|]+)|')
  local k = keys_of(room)
  if is_here(k) then
    redis.call('ZREM', KEYS[1], member)
    reaped = reaped + 1
    if redis.call('HINCRBY', k.tabs, user, -1) <= 0 then removed = removed + remove_user(k, room, user) end
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local room, user = string.match(member, '^([^|]+)|([^|]+)$')
  local k = keys_of(room)
  if is_here(k) then
    redis.call('ZREM', KEYS[2], member)
    redis.call('SREM', k.leavers, user)
    if tonumber(redis.call('HGET', k.tabs, user) or '0') <= 0 then
      removed = removed + remove_user(k, room, user)
    end
  end
end
return {reaped, removed}
