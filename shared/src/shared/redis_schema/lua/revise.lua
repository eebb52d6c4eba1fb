-- Changes or deletes one message; the newest revision lies over history until PostgreSQL has it.
-- include rewrite_log.lua
-- include change_time.lua
-- KEYS 1 meta  2 edits  3 ingest  4 edited  5 log
-- ARGV 1 room id  2 channel  3 seq  4 µs of the message  5 body with the new content
--      6 '1' to delete  7 revision that the caller saw  8 seconds to keep what PostgreSQL has not
--      9 most entries in ingest
-- Returns {'ok', revision, µs of the change} | {'no_room'} | {'closed'} | {'gone'} |
--         {'revised'} | {'backlog'}
local MOST_REWRITTEN = 1000  -- more are there only while PostgreSQL is away
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'closed')
if not meta[1] then return {'no_room'} end
if meta[2] then return {'closed'} end
local seen = tonumber(ARGV[7])
local held = redis.call('HGET', KEYS[2], ARGV[3])
if held then
  local revision, changed, deleted, body = string.match(held, '^(%d+) (%d+) (%d)\n(.*)$')
  if tonumber(revision) == seen + 1 and deleted == ARGV[6] and body == ARGV[5] then
    return {'ok', revision, changed}  -- the same call again: its first answer was lost
  end
  if deleted == '1' then return {'gone'} end
  -- The caller changed what it had read; another change came between.
  if tonumber(revision) > seen and ARGV[6] ~= '1' then return {'revised'} end
  seen = math.max(seen, tonumber(revision))
end
if redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[9]) then return {'backlog'} end
local micros = change_time(KEYS[1], KEYS[2])
local revision = seen + 1
local ev = redis.call('HINCRBY', KEYS[1], 'ev', 1)
local mark = revision .. ' ' .. micros .. ' ' .. ARGV[6]
redis.call('HSET', KEYS[2], ARGV[3], mark .. '\n' .. ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[8])
redis.call('EXPIRE', KEYS[4], ARGV[8])
redis.call('ZREM', KEYS[4], ARGV[3])  -- of those that PostgreSQL has; this one it has not
if ARGV[6] == '1' then redis.call('HINCRBY', KEYS[1], 'total', -1) end
-- Revisions expire before a log that is used, and what was deleted must not come back then.
rewrite_log(KEYS[5], {[ARGV[3]] = {mark, ARGV[5]}}, MOST_REWRITTEN)
redis.call('XADD', KEYS[3], '*', 'k', 'e', 'v', 1, 'r', ARGV[1], 's', ARGV[3], 't', ARGV[4],
           'e', meta[1], 'b', ARGV[5], 'n', revision, 'u', micros, 'd', ARGV[6])
redis.call('SPUBLISH', ARGV[2], '1e ' .. meta[1] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' ..
           mark .. ' ' .. ev .. '\n' .. ARGV[5])
return {'ok', revision, micros}
