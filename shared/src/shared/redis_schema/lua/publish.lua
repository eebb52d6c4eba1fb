-- Accepts one message: dedup → seq → hot history → ingest → channel, all or nothing.
-- include renumber.lua
-- KEYS 1 meta  2 log  3 unsaved  4 ingest  5 dedup
-- ARGV 1 room id  2 channel  3 message id  4 body (JSON object)  5 digest of the content, or '-'
--      6 seconds to remember the answer  7 entries of hot history  8 most entries in ingest
--      9 seconds to keep the room  10 epoch and 11 seq that the caller has seen ('' and 0: none)
--      12 epoch to begin if the room stands behind them  13 numbers to leave free then
-- Returns {'ok'|'again', seq, µs, message id, epoch} | {'no_room'} | {'closed'} | {'conflict'} |
--         {'backlog'}
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'closed', 'at')
if not meta[1] then return {'no_room'} end
if meta[2] then return {'closed'} end
local held = redis.call('GET', KEYS[5])
if held then
  local digest, seq, micros, id = string.match(held, '^(%S+) (%S+) (%S+) (%S+)$')
  if digest ~= ARGV[5] then return {'conflict'} end
  -- A write, so that WAIT behind a repeated call waits until replicas have the first one too.
  redis.call('EXPIRE', KEYS[5], ARGV[6])
  return {'again', seq, micros, id, meta[1]}
end
-- Nothing unsaved is ever trimmed; a full queue refuses instead.
if redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[8]) then return {'backlog'} end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Time never runs backwards within a room, even when the clock does.
if now <= tonumber(meta[3]) then now = tonumber(meta[3]) + 1 end
local micros = string.format('%.0f', now)
local epoch = renumber(KEYS[1], ARGV[10], ARGV[11], ARGV[12], ARGV[13])
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('HINCRBY', KEYS[1], 'total', 1)
redis.call('HSET', KEYS[1], 'at', micros)
redis.call('EXPIRE', KEYS[1], ARGV[9])

redis.call('ZADD', KEYS[3], seq, seq)
local floor = seq - tonumber(ARGV[7]) + 1
local oldest = tonumber(redis.call('ZRANGE', KEYS[3], 0, 0)[1])
if oldest < floor then floor = oldest end
redis.call('XADD', KEYS[2], 'MINID', '~', math.max(floor, 0) .. '-0', seq .. '-0',
           't', micros, 'b', ARGV[4])
redis.call('PERSIST', KEYS[2])
redis.call('XADD', KEYS[4], '*', 'k', 'm', 'v', 1, 'r', ARGV[1], 's', seq, 't', micros,
           'e', epoch, 'b', ARGV[4])
redis.call('SET', KEYS[5], ARGV[5] .. ' ' .. seq .. ' ' .. micros .. ' ' .. ARGV[3],
           'EX', ARGV[6])
redis.call('SPUBLISH', ARGV[2],
           '1m ' .. epoch .. ' ' .. seq .. ' ' .. micros .. '\n' .. ARGV[4])
return {'ok', seq, micros, ARGV[3], epoch}
