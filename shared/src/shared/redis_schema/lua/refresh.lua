-- Renews connections of one partition; tells which of them are no longer there.
-- KEYS 1 conns
-- ARGV 1 ms a connection lives without renewal  2… members `room|user|connection`
-- Returns the members that were missing (reaped meanwhile, or Redis was emptied).
local time = redis.call('TIME')
local expiry = string.format('%.0f', time[1] * 1000 + time[2] / 1000 + tonumber(ARGV[1]))
local missing = {}
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], expiry, ARGV[i])
  else
    missing[#missing + 1] = ARGV[i]
  end
end
return missing
