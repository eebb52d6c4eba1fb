-- Included where numbers are given out or compared: a server that has lost its newest messages (a
-- replica became master, the power was cut) must not give their numbers to other messages. Who has
-- seen such a number says so, and the room goes on in a new epoch, above it.
-- `meta` is the key, `held` and `top` its epoch and seq; `seq` was seen in `epoch`; `gap` numbers
-- are left free above it. Returns the epoch and the seq that hold.
local function renumber(meta, held, top, epoch, seq, new_epoch, gap)
  top = tonumber(top)
  if held ~= epoch or top >= tonumber(seq) then return held, top end
  redis.call('HSET', meta, 'epoch', new_epoch, 'seq', string.format('%.0f', seq + gap))
  return new_epoch, seq + gap
end
