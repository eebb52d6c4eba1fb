-- Included where messages are changed: when it was, µs. Who has missed changes asks for those after a
-- time, so it grows within a room, behind all that was said and changed, even when the clock goes back.
-- `meta` is the key.
local function change_time(meta)
  local time = redis.call('TIME')
  local held = redis.call('HMGET', meta, 'at', 'changed')
  local now = math.max(time[1] * 1000000 + time[2], tonumber(held[1] or '0') + 1,
                       tonumber(held[2] or '0') + 1)
  local micros = string.format('%.0f', now)
  redis.call('HSET', meta, 'changed', micros)
  return micros
end
