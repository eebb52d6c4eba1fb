-- Included where numbers are given out or compared: a server that has lost its newest messages (a
-- replica became master, the power was cut) must not give their numbers to other messages. Who has
-- seen such a number says so, and the room goes on in a new epoch, above it.
-- `meta` is the key; `seq` was seen in `epoch`; `gap` numbers are left free above it.
-- Returns the epoch that holds.
local function renumber(meta, epoch, seq, new_epoch, gap)
  local held = redis.call('HMGET', meta, 'epoch', 'seq')
  if held[1] ~= epoch or tonumber(held[2]) >= tonumber(seq) then return held[1] end
  redis.call('HSET', meta, 'epoch', new_epoch, 'seq', string.format('%.0f', seq + gap))
  return new_epoch
end
