-- Included where messages are changed: when it was, µs. Who has missed changes asks for those after a
-- time, so it grows within a room, behind all that was said and changed, even when the clock goes back.
-- Where the revisions of a room have expired since the last change, its time is kept as `forgotten`:
-- of what was changed until then nobody can tell any more.
-- `meta` and `edits` are keys; call it before the revision is put in.
local function change_time(meta, edits)
  local time = redis.call('TIME')
  local held = redis.call('HMGET', meta, 'at', 'changed')
  local now = math.max(time[1] * 1000000 + time[2], tonumber(held[1] or '0') + 1,
                       tonumber(held[2] or '0') + 1)
  local micros = string.format('%.0f', now)
  if held[2] and redis.call('EXISTS', edits) == 0 then redis.call('HSET', meta, 'forgotten', held[2]) end
  redis.call('HSET', meta, 'changed', micros)
  return micros
end
