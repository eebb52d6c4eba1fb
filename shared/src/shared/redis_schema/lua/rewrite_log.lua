-- Included where messages of hot history are changed for good. Entries of a stream cannot be changed,
-- so the stream is made anew, with the same ids. What a message became stands in its own entry
-- (field r: revision, µs of the change, 1 if deleted), for when the revisions have expired.
-- `log` is the key; `changed` has by seq {mark, body}; a log of more than `most` entries is left.
-- Returns whether the log has nothing of the old contents any more.
local function rewrite_log(log, changed, most)
  if redis.call('XLEN', log) > most then return false end
  local entries = redis.call('XRANGE', log, '-', '+')
  local differs = false
  for _, entry in ipairs(entries) do
    local change = changed[string.match(entry[1], '^(%d+)')]
    if change and entry[2][4] ~= change[2] then differs = true end
  end
  if not differs then return true end
  local left = redis.call('PTTL', log)
  redis.call('DEL', log)
  for _, entry in ipairs(entries) do
    local change = changed[string.match(entry[1], '^(%d+)')]
    if change then
      redis.call('XADD', log, entry[1], 't', entry[2][2], 'b', change[2], 'r', change[1])
    else
      redis.call('XADD', log, entry[1], unpack(entry[2]))
    end
  end
  if left > 0 then redis.call('PEXPIRE', log, left) end
  return true
end
