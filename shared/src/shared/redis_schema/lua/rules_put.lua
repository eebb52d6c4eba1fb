-- Takes over the rules of a room, unless newer ones are there, and tells every replica.
-- KEYS 1 rules
-- ARGV 1 version  2 the rules (JSON)  3 seconds to keep  4 channel
-- Returns 1, or 0 when newer ones are there.
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^(%d+) ')) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', ARGV[3])
redis.call('SPUBLISH', ARGV[4], '1c rules\n')
return 1
