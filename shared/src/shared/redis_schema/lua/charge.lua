-- Takes tokens out of buckets of one partition. A bucket that is not there is full.
-- KEYS 1 bucket: '<tokens> <µs>', as it was left then; then the others
-- ARGV 1 cost  2 burst  3 tokens per second  4 '1' = it is done already: taken whatever is left,
--      down to a whole burst of debt; then of the others
-- Returns of each bucket: {µs until the cost would be allowed; 0: it was taken, whole tokens left}
local FIELDS = 4
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers = {}
for n, key in ipairs(KEYS) do
  local at = FIELDS * (n - 1)
  local cost, burst = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local rate, owed = tonumber(ARGV[at + 3]), ARGV[at + 4] == '1'
  local tokens = burst
  local held = redis.call('GET', key)
  if held then
    local left, micros = string.match(held, '^(%S+) (%S+)$')
    local passed = math.max(0, now - tonumber(micros))
    tokens = math.min(burst, tonumber(left) + passed / 1000000 * rate)
  end
  local wait = 0
  if owed then
    tokens = math.max(tokens - cost, -burst)
    if tokens < 0 then wait = math.ceil(-tokens / rate * 1000000) end
  elseif tokens >= cost then
    tokens = tokens - cost
  else
    wait = math.ceil((cost - tokens) / rate * 1000000)
  end
  local full = math.ceil((burst - tokens) / rate * 1000) + 1
  redis.call('SET', key, string.format('%.6f %.0f', tokens, now), 'PX', full)
  answers[n] = {wait, math.max(0, math.floor(tokens))}
end
return answers
