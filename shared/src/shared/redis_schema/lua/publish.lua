-- Accepts messages of one room, in order: dedup → seq → hot history → ingest → channel.
-- include renumber.lua
-- KEYS 1 meta  2 log  3 unsaved  4 ingest  then the dedup key of each message
-- ARGV 1 room id  2 channel  3 entries of hot history  4 most entries in ingest
--      5 seconds to keep the room  6 epoch and 7 seq that the caller has seen ('' and 0: none)
--      8 epoch to begin if the room stands behind them  9 numbers to leave free then
--      then of each message: id, body (JSON object), digest of the content or '-',
--      seconds to remember the answer
-- Returns {'no_room'} | {'closed'} | {'taken', epoch, of each message: {'ok', seq, µs} |
--         {'again', seq, µs, id} | {'conflict'} | {'backlog'}}
local HEAD, FIELDS = 9, 4
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'closed', 'at', 'seq', 'total')
if not meta[1] then return {'no_room'} end
if meta[2] then return {'closed'} end
-- Nothing unsaved is ever trimmed; a full queue refuses instead.
local places = tonumber(ARGV[4]) - redis.call('XLEN', KEYS[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Time never runs backwards within a room, even when the clock does.
if now <= tonumber(meta[3]) then now = tonumber(meta[3]) + 1 end
local total = tonumber(meta[5])
local epoch, seq, floor
local answers, unsaved, published = {'taken', meta[1]}, {}, {}

for n = 1, #KEYS - 4 do
  local at, dedup = HEAD + FIELDS * (n - 1), KEYS[4 + n]
  local id, body, digest, seconds = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local held = redis.call('GET', dedup)
  if held then
    local first, number, micros, answered = string.match(held, '^(%S+) (%S+) (%S+) (%S+)$')
    if first ~= digest then
      answers[n + 2] = {'conflict'}
    else
      -- A write, so that WAIT behind a repeated call waits until replicas have the first one too.
      redis.call('EXPIRE', dedup, seconds)
      answers[n + 2] = {'again', tonumber(number), tonumber(micros), answered}
    end
  elseif places <= 0 then
    answers[n + 2] = {'backlog'}
  else
    if not seq then
      epoch, seq = renumber(KEYS[1], meta[1], meta[4], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
      answers[2] = epoch
      local oldest = tonumber(redis.call('ZRANGE', KEYS[3], 0, 0)[1])
      floor = math.max(seq + 2 - tonumber(ARGV[3]), 0)
      if oldest and oldest < floor then floor = oldest end
    end
    places, seq, total = places - 1, seq + 1, total + 1
    local micros = string.format('%.0f', now)
    redis.call('HSET', KEYS[1], 'seq', seq, 'total', total, 'at', micros)
    if #published == 0 then
      redis.call('XADD', KEYS[2], 'MINID', '~', floor .. '-0', seq .. '-0', 't', micros, 'b', body)
    else
      redis.call('XADD', KEYS[2], seq .. '-0', 't', micros, 'b', body)
    end
    redis.call('XADD', KEYS[4], '*', 'k', 'm', 'v', 1, 'r', ARGV[1], 's', seq, 't', micros,
               'e', epoch, 'b', body)
    redis.call('SET', dedup, digest .. ' ' .. seq .. ' ' .. micros .. ' ' .. id, 'EX', seconds)
    unsaved[#unsaved + 1], unsaved[#unsaved + 2] = seq, seq
    published[#published + 1] = micros .. ' ' .. body
    answers[n + 2] = {'ok', seq, now}
    now = now + 1
  end
end
if not seq then return answers end

redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[3], unpack(unsaved))
redis.call('PERSIST', KEYS[2])
-- All of one call in one payload: listeners pay for it once.
redis.call('SPUBLISH', ARGV[2], '2m ' .. epoch .. ' ' .. (seq - #published + 1) .. '\n' ..
           table.concat(published, '\n'))
return answers
