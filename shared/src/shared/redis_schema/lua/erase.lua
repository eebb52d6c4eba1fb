-- Deletes messages of one room with all that is in them, wherever Redis has them. Those that are
-- deleted already lose what a deletion leaves; what is empty stays as it is.
-- include rewrite_log.lua
-- include change_time.lua
-- KEYS 1 meta  2 edits  3 ingest  4 edited  5 log
-- ARGV 1 room id  2 channel  3 seconds to keep what PostgreSQL has not  4 most entries in ingest
--      5 most entries of a log that is made anew
--      then of each message: seq, µs of it, its revision and '1' if deleted, both as PostgreSQL has
--      them, body with nothing in it
-- Returns {'ok', how many were not empty yet} | {'no_room'} | {'backlog'}
local meta = redis.call('HMGET', KEYS[1], 'epoch')
if not meta[1] then return {'no_room'} end
local HEAD, FIELDS = 5, 5
local count = (#ARGV - HEAD) / FIELDS
if redis.call('XLEN', KEYS[3]) + count > tonumber(ARGV[4]) then return {'backlog'} end
if redis.call('XLEN', KEYS[5]) > tonumber(ARGV[5]) then return {'backlog'} end
local changed, emptied = {}, 0
for at = HEAD + 1, #ARGV, FIELDS do
  local seq, micros, body = ARGV[at], ARGV[at + 1], ARGV[at + 4]
  local revision, deleted = tonumber(ARGV[at + 2]), ARGV[at + 3]
  local held, mark = redis.call('HGET', KEYS[2], seq), nil
  if held then
    local number, changed_at, gone, old = string.match(held, '^(%d+) (%d+) (%d)\n(.*)$')
    if tonumber(number) >= revision then
      revision, deleted = tonumber(number), gone
      if gone == '1' and old == body then mark = number .. ' ' .. changed_at .. ' 1' end
    end
  end
  if not mark then
    local now = change_time(KEYS[1], KEYS[2])
    mark = (revision + 1) .. ' ' .. now .. ' 1'
    emptied = emptied + 1
    redis.call('HSET', KEYS[2], seq, mark .. '\n' .. body)
    redis.call('ZREM', KEYS[4], seq)
    if deleted ~= '1' then redis.call('HINCRBY', KEYS[1], 'total', -1) end
    local ev = redis.call('HINCRBY', KEYS[1], 'ev', 1)
    redis.call('XADD', KEYS[3], '*', 'k', 'e', 'v', 1, 'r', ARGV[1], 's', seq, 't', micros,
               'e', meta[1], 'b', body, 'n', revision + 1, 'u', now, 'd', '1')
    redis.call('SPUBLISH', ARGV[2], '1e ' .. meta[1] .. ' ' .. seq .. ' ' .. micros .. ' ' ..
               mark .. ' ' .. ev .. '\n' .. body)
  end
  changed[seq] = {mark, body}
end
if emptied > 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  redis.call('EXPIRE', KEYS[4], ARGV[3])
end
rewrite_log(KEYS[5], changed, tonumber(ARGV[5]))
return {'ok', emptied}
