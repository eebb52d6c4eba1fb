-- Included before the presence scripts: what happens to a room's roster.
-- `k` holds the names of a room's keys: meta, users, roster, tabs, online, unlisted,
-- names, channel; and `about`, if it was read: epoch, is_public, closed.
local function count_online(k, room)
  local n = redis.call('ZCARD', k.roster)
  local listed, other = k.online, k.unlisted
  local about = k.about or redis.call('HMGET', k.meta, 'epoch', 'is_public', 'closed')
  if about[2] == '0' then listed, other = other, listed end
  if n > 0 and not about[3] then redis.call('ZADD', listed, n, room) else redis.call('ZREM', listed, room) end
  redis.call('ZREM', other, room)
  return n
end

-- op: j joined, l left, n renamed (its body is the new person, a newline, the old one)
local function announce(k, op, joined, body)
  local rv = redis.call('HINCRBY', k.meta, 'rv', 1)
  local epoch = k.about and k.about[1] or redis.call('HGET', k.meta, 'epoch') or '-'
  redis.call('SPUBLISH', k.channel,
             '1r ' .. epoch .. ' ' .. rv .. ' ' .. op .. ' ' .. joined .. '\n' .. body)
end

-- What names.lua has taken. Another may wear it already, if an older replica gave them none back.
local function give_name_back(k, user)
  local held = redis.call('HGET', k.names, '\n' .. user)
  if not held then return end
  local skeleton = string.match(held, '^%d+ (.*)$')
  redis.call('HDEL', k.names, '\n' .. user)
  if redis.call('HGET', k.names, skeleton) == user then redis.call('HDEL', k.names, skeleton) end
end

local function remove_user(k, room, user)
  local person = redis.call('HGET', k.users, user)
  redis.call('HDEL', k.tabs, user)
  if not person then return 0 end
  local joined = redis.call('ZSCORE', k.roster, user) or '0'
  redis.call('HDEL', k.users, user)
  redis.call('ZREM', k.roster, user)
  if count_online(k, room) == 0 then
    redis.call('DEL', k.names)
  else
    give_name_back(k, user)
  end
  -- A room that is not in Redis has nobody who could be told.
  if redis.call('EXISTS', k.meta) == 1 then
    announce(k, 'l', string.format('%.0f', joined), person)
  end
  return 1
end
