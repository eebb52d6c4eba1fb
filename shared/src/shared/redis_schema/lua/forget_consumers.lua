-- Removes names of consumers that are gone for long and left nothing pending; at one moment, since
-- what one has pending that is removed would be delivered to nobody any more.
-- KEYS 1 ingest
-- ARGV 1 group  2 ms without a sign of life
-- Returns how many were removed; 0 also where there is no such queue or group (yet).
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return 0 end
local removed = 0
for _, fields in ipairs(consumers) do
  local about = {}
  for at = 1, #fields, 2 do about[fields[at]] = fields[at + 1] end
  if about.pending == 0 and about.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
    removed = removed + 1
  end
end
return removed
