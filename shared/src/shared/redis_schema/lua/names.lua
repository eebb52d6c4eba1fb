-- Included where somebody takes a name: no two people of a room are called by names that look alike.
-- The hash `names` has two fields of each person: the skeleton of the name → user id, and a newline
-- and the user id → number and skeleton. No skeleton has a newline in it.
-- What is wanted, as the last five ARGV, from `at` on: the number that is tried first (1: none), person
-- (JSON), skeleton of the name; and the same two with the name cut short, where a number behind it
-- would not fit, else ''.
local function wanted_at(at)
  local short = ARGV[at + 3] ~= '' and at + 2 or at
  return {first = tonumber(ARGV[at]), person = ARGV[at + 1], skeleton = ARGV[at + 2],
          short = ARGV[short + 1], stem = ARGV[short + 2]}
end

-- Of the digits ০ to ৯ three have a skeleton that is another character.
local function skeleton_of(wanted, number)
  if number == 1 then return wanted.skeleton end
  return wanted.stem .. ' ' .. string.gsub(string.format('%.0f', number), '%d', {
    ['0'] = 'o', ['1'] = '১', ['2'] = '২', ['3'] = '৩', ['4'] = '8',
    ['5'] = '৫', ['6'] = '৬', ['7'] = '9', ['8'] = '৮', ['9'] = '৯'})
end

-- The person (JSON), and behind it the name as it was asked for, if it has a number now.
local function person_called(wanted, number)
  if number == 1 then return wanted.person end
  local digits = string.gsub(string.format('%.0f', number), '%d', function(digit)
    return '\224\167' .. string.char(166 + digit)  -- U+09E6 and on
  end)
  local start, ends = '"username":', '","color":'  -- within a text a quote has a backslash before it
  local _, before = string.find(wanted.person, start, 1, true)
  local asked = string.sub(wanted.person, before + 1, (string.find(wanted.person, ends, 1, true)))
  local at = string.find(wanted.short, ends, 1, true)
  return string.sub(wanted.short, 1, at - 1) .. ' ' .. digits ..
         string.sub(wanted.short, at, -2) .. ',"asked":' .. asked .. '}'
end

-- The lowest number that is free, among few. Among many, any one below about twice their number: half
-- of those are free, and to go through the names of all guests would cost the more, the more come.
local function free_number(k, user, wanted)
  local stem = wanted.stem .. ' '
  local few = redis.call('HMGET', k.names, stem .. '২', stem .. '৩', stem .. '8', stem .. '৫',
                         stem .. '৬', stem .. '9', stem .. '৮', stem .. '৯')
  for at, holder in ipairs(few) do
    if not holder then return at + 1 end
  end
  local places = 2 * redis.call('ZCARD', k.roster)
  local dice = tonumber(string.sub(user, -7), 16) + 1  -- the end of a user id is random
  local number
  repeat
    dice = dice * 16807 % 2147483647
    number = #few + 2 + dice % places
  until redis.call('HEXISTS', k.names, skeleton_of(wanted, number)) == 0
  return number
end

-- Lets `user` be called by what is wanted: with the first number, if nobody looks alike then. With
-- `keep`, who goes by that name already keeps their number. Returns the person (JSON).
local function take_name(k, user, wanted, keep)
  local tried, own = skeleton_of(wanted, wanted.first), '\n' .. user
  local holder, held = unpack(redis.call('HMGET', k.names, tried, own))
  local number, worn
  if held then
    number, worn = string.match(held, '^(%d+) (.*)$')
    number = tonumber(number)
    -- Older replicas take people off the roster without their names, and others take those.
    if (worn == tried and holder or redis.call('HGET', k.names, worn)) ~= user then
      number, worn = nil, nil
    elseif worn ~= skeleton_of(wanted, number) then
      number = nil
    end
  end
  if not (keep and number) then
    if not holder or holder == user or redis.call('HEXISTS', k.users, holder) == 0 then
      number = wanted.first
    else
      number = number or free_number(k, user, wanted)
    end
  end
  local skeleton = skeleton_of(wanted, number)
  local holds = string.format('%.0f ', number) .. skeleton
  if holds ~= held or not worn then
    if worn and worn ~= skeleton then redis.call('HDEL', k.names, worn) end
    redis.call('HSET', k.names, skeleton, user, own, holds)
  end
  return person_called(wanted, number)
end
