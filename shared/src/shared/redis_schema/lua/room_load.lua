-- Puts a room into Redis, unless it is there: a new epoch begins.
-- KEYS 1 meta  2 log  3 edits  4 unsaved  5 edited
-- ARGV 1 epoch  2 last seq in PostgreSQL  3 messages in PostgreSQL  4 seconds to keep
--      5… field, value, … of the settings
-- Returns 1 when the room was put in, 0 when it was there.
if redis.call('HEXISTS', KEYS[1], 'epoch') == 1 then return 0 end
-- What another epoch left behind has sequence numbers that will be given out again.
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('HSET', KEYS[1], 'v', 1, 'epoch', ARGV[1], 'seq', ARGV[2], 'total', ARGV[3],
           'rv', 0, 'ev', 0, 'at', 0, unpack(ARGV, 5))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
