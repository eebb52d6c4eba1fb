-- Reads hot history with its revisions, at one moment.
-- KEYS 1 meta  2 log  3 edits
-- ARGV 1 'before' | 'after'  2 seq, exclusive ('' = from the newest)  3 most entries
-- Returns {epoch, seq, total, number of revisions, µs of the newest change that is known,
-- {seq, µs, body, revision or ''} …} or {}
-- 'before' answers newest first, 'after' oldest first.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'total', 'changed')
if not meta[1] then return {} end
local entries
if ARGV[1] == 'before' then
  local top = '+'
  if ARGV[2] ~= '' then top = '(' .. ARGV[2] .. '-0' end
  entries = redis.call('XREVRANGE', KEYS[2], top, '-', 'COUNT', ARGV[3])
else
  entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3])
end
local revised = redis.call('HLEN', KEYS[3])
local answer = {meta[1], meta[2], meta[3], revised, meta[4] or '0'}
for _, entry in ipairs(entries) do
  local seq = string.match(entry[1], '^(%d+)')
  local edit = ''
  if revised > 0 then edit = redis.call('HGET', KEYS[3], seq) or '' end
  -- An entry that was changed for good says so itself, however old the change is.
  if edit == '' and entry[2][6] then edit = entry[2][6] .. '\n' .. entry[2][4] end
  answer[#answer + 1] = {seq, entry[2][2], entry[2][4], edit}
end
return answer
