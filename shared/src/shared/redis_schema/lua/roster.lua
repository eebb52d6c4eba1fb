-- Included before the presence scripts: what happens to a room's roster.
-- `k` holds the names of a room's keys: meta, users, roster, tabs, online, unlisted, channel.
local function count_online(k, room)
  local n = redis.call('ZCARD', k.roster)
  local listed, other = k.online, k.unlisted
  local meta = redis.call('HMGET', k.meta, 'is_public', 'closed')
  if meta[1] == '0' then listed, other = other, listed end
  if n > 0 and not meta[2] then redis.call('ZADD', listed, n, room) else redis.call('ZREM', listed, room) end
  redis.call('ZREM', other, room)
  return n
end

-- op: j joined, l left, n renamed (its body is the new person, a newline, the old one)
local function announce(k, op, joined, body)
  local rv = redis.call('HINCRBY', k.meta, 'rv', 1)
  local epoch = redis.call('HGET', k.meta, 'epoch') or '-'
  redis.call('SPUBLISH', k.channel,
             '1r ' .. epoch .. ' ' .. rv .. ' ' .. op .. ' ' .. joined .. '\n' .. body)
end

local function remove_user(k, room, user)
  local person = redis.call('HGET', k.users, user)
  redis.call('HDEL', k.tabs, user)
  if not person then return 0 end
  local joined = redis.call('ZSCORE', k.roster, user) or '0'
  redis.call('HDEL', k.users, user)
  redis.call('ZREM', k.roster, user)
  count_online(k, room)
  -- A room that is not in Redis has nobody who could be told.
  if redis.call('EXISTS', k.meta) == 1 then
    announce(k, 'l', string.format('%.0f', joined), person)
  end
  return 1
end
