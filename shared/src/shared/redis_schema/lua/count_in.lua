-- How many connections one address has, over all replicas; each tells its own number.
-- KEYS 1 counts: instance → '<connections> <ms until which that counts>'
-- ARGV 1 instance  2 connections it has  3 ms that this counts  4 most of all, 0: no limit
--      5 ms without a renewal after which an instance may be dead, and its number a ghost's
-- Returns 'taken' | 'full' | 'later': full, unless some of the others are ghosts
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local most, sum, ghosts = tonumber(ARGV[4]), tonumber(ARGV[2]), 0
local renewed = now + ARGV[3] - ARGV[5]
local counts = redis.call('HGETALL', KEYS[1])
for n = 1, #counts, 2 do
  local count, ends = string.match(counts[n + 1], '^(%d+) (%d+)$')
  if tonumber(ends) < now then
    redis.call('HDEL', KEYS[1], counts[n])
  elseif counts[n] ~= ARGV[1] then
    sum = sum + tonumber(count)
    if tonumber(ends) < renewed then ghosts = ghosts + tonumber(count) end
  end
end
if most > 0 and sum > most then
  return sum - ghosts > most and 'full' or 'later'
end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now + ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
end
return 'taken'
