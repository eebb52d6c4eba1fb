-- Holds a room against what a replica has seen of it; what stands behind was lost, and is moved on.
-- include renumber.lua
-- KEYS 1 meta  2 log
-- ARGV 1 epoch  2 seq  3 change of the roster (rv)  4 change of messages (ev), all as seen
--      5 epoch to begin if needed  6 numbers to leave free
--      7 µs of the message that was seen under that seq, 0 if not known
-- Returns 1 if something was lost, 0 if not.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'rv', 'ev', 'seq')
if held[1] ~= ARGV[1] then return 0 end
local lost = 0
-- Counted on beyond what was seen, so that every replica reads these anew.
for at, field in ipairs({'rv', 'ev'}) do
  if tonumber(held[at + 1] or '0') < tonumber(ARGV[at + 2]) then
    redis.call('HSET', KEYS[1], field, ARGV[at + 2] + 1)
    lost = 1
  end
end
local seq = ARGV[2]
local entry = redis.call('XRANGE', KEYS[2], seq .. '-0', seq .. '-0')[1]
if entry and ARGV[7] ~= '0' and entry[2][2] ~= ARGV[7] then
  -- By somebody who had not seen it, the number was given to another message.
  seq = held[4] + 1
end
if renumber(KEYS[1], held[1], held[4], ARGV[1], seq, ARGV[5], ARGV[6]) ~= ARGV[1] then
  lost = 1
end
return lost
