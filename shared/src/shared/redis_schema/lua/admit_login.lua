-- Lets one try to log in, or says how long to wait. Who is let in decides at once when the next may
-- be, so that many tries at the same moment are no more than one.
-- KEYS 1 tries: '<how many> <ms from which on the next one may be>'
-- ARGV 1 tries without a wait  2 ms of the first wait, which each further try doubles
--      3 longest wait, ms  4 ms without a try after which all is forgotten
-- Returns ms to wait; 0: let in
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local tries, from = 0, 0
local held = redis.call('GET', KEYS[1])
if held then
  local many, ms = string.match(held, '^(%d+) (%d+)$')
  tries, from = tonumber(many), tonumber(ms)
end
if now < from then return from - now end
tries = tries + 1
local wait = 0
if tries >= tonumber(ARGV[1]) then
  wait = math.min(ARGV[2] * 2 ^ math.min(tries - ARGV[1], 30), tonumber(ARGV[3]))
end
redis.call('SET', KEYS[1], string.format('%d %.0f', tries, now + wait), 'PX', ARGV[4])
return 0
