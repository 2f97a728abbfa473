-- The budget of calls of one API application, shared by every worker on every host. Times are milliseconds.
--
-- KEYS: the book (a hash: limits, use, windows) and the flights (calls under way, scored by when they count as lost).
-- ARGV: the act ("look", "reserve", "observe"), then name and value in turn; "" is unknown.
--
-- Windows are counted by Strava's clock: Redis's own plus an offset learned from the Date of its answers, so it does not
-- matter whose clock is wrong, and workers' clocks play no part. No call starts within `guard` of a turn, where nobody can
-- say which window it will count in; what is still under way at a turn counts in both.
local QUARTER, DAY, HOUR = 900000, 86400000, 3600000
local book, flights = KEYS[1], KEYS[2]
local act = ARGV[1]
local given = {}
for i = 2, #ARGV, 2 do
  given[ARGV[i]] = tonumber(ARGV[i + 1])
end
local flight = nil
for i = 2, #ARGV, 2 do
  if ARGV[i] == 'flight' then flight = ARGV[i + 1] end
end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local guard = given.guard or 0

local b = {}
local raw = redis.call('HGETALL', book)
for i = 1, #raw, 2 do
  b[raw[i]] = tonumber(raw[i + 1])
end

if not b.quarter then
  if not given.seed_quarter then
    return {'empty'}
  end
  b = {
    known = 0, probe_until = 0, offset = 0, last = 0, streak = 0,
    closed = given.seed_closed or 0,
    quarter = given.seed_quarter, day = given.seed_day,
    read_limit_short = given.seed_read_limit_short, read_limit_day = given.seed_read_limit_day,
    all_limit_short = given.seed_all_limit_short, all_limit_day = given.seed_all_limit_day,
    read_used_short = given.seed_read_used_short, read_used_day = given.seed_read_used_day,
    all_used_short = given.seed_all_used_short, all_used_day = given.seed_all_used_day,
  }
end

local function turn(moment)
  -- Bring the counters to the windows of a moment of Strava's clock. A window does not come back, unless the clock was far off.
  local quarter, day = math.floor(moment / QUARTER), math.floor(moment / DAY)
  local flying = redis.call('ZCARD', flights)
  if quarter > b.quarter or quarter < b.quarter - 4 then
    b.quarter, b.read_used_short, b.all_used_short = quarter, flying, flying
  end
  if day > b.day or day < b.day - 1 then
    b.day, b.read_used_day, b.all_used_day = day, flying, flying
  end
end

local function quarter_ends()
  return (b.quarter + 1) * QUARTER + guard - b.offset
end

local function day_ends()
  return (b.day + 1) * DAY + guard - b.offset
end

local function answer(word, wait)
  return {
    word, math.ceil(wait), b.quarter, b.day,
    b.read_limit_short, b.read_limit_day, b.all_limit_short, b.all_limit_day,
    b.read_used_short, b.read_used_day, b.all_used_short, b.all_used_day,
    math.max(0, math.ceil(b.closed - now)), math.ceil(quarter_ends() - now), math.ceil(day_ends() - now), math.floor(b.offset),
    b.known,
  }
end

local function keep()
  local fields = {}
  for name, value in pairs(b) do
    fields[#fields + 1] = name
    fields[#fields + 1] = string.format('%.0f', value)
  end
  redis.call('HSET', book, unpack(fields))
  redis.call('PEXPIRE', book, 2 * DAY)
end

if act == 'look' then
  turn(now + b.offset)
  return answer('ok', 0)
end

redis.call('ZREMRANGEBYSCORE', flights, '-inf', now)

if act == 'reserve' then
  if b.known == 0 and b.probe_until > now then
    keep()
    return answer('probing', math.min(b.probe_until - now, 500))
  end
  local gap = math.min(given.gap_most, math.max(given.gap_least, QUARTER / b.read_limit_short / 10))
  if b.last > now + 60000 then
    b.last = now -- Redis's clock was set back
  end
  local slot = math.max(now, b.last + gap)
  local phase = (slot + b.offset) % QUARTER
  if phase < guard then
    slot = slot + guard - phase
  elseif phase > QUARTER - guard then
    slot = slot + QUARTER - phase + guard
  end
  turn(slot + b.offset)
  local free_at = b.closed
  local function require_room(used, limit, ends)
    local cap = limit
    if given.waiting == 0 and limit > 1 then
      cap = limit - math.max(1, math.floor(limit * given.share))
    end
    if used >= cap and ends > free_at then
      free_at = ends
    end
  end
  require_room(b.read_used_short, b.read_limit_short, quarter_ends())
  require_room(b.all_used_short, b.all_limit_short, quarter_ends())
  require_room(b.read_used_day, b.read_limit_day, day_ends())
  require_room(b.all_used_day, b.all_limit_day, day_ends())
  if free_at > slot then
    keep()
    return answer('full', free_at - now)
  end
  if slot - now > given.patience then
    return answer('queue', slot - now)
  end
  b.read_used_short, b.read_used_day = b.read_used_short + 1, b.read_used_day + 1
  b.all_used_short, b.all_used_day = b.all_used_short + 1, b.all_used_day + 1
  b.last = slot
  if b.known == 0 then
    b.probe_until = slot + given.probe_lasts
  end
  redis.call('ZADD', flights, slot + given.flight_lasts, flight)
  redis.call('PEXPIRE', flights, DAY)
  keep()
  return answer('go', slot - now)
end

-- observe: an answer came, or is known not to come
local lost_at = tonumber(redis.call('ZSCORE', flights, flight) or nil)
redis.call('ZREM', flights, flight)
local sent = lost_at and (lost_at - given.flight_lasts) or (now - given.took)
local date = given.date
if date and given.took < 2000 then
  local lowest, highest = date - now, date + 1000 - (now - given.took)
  if (b.offset < lowest or b.offset > highest) and math.abs(lowest) < HOUR then
    b.offset = math.floor((lowest + highest) / 2)
  end
end
turn(now + b.offset)
for _, name in ipairs({'read_limit_short', 'read_limit_day', 'all_limit_short', 'all_limit_day'}) do
  if given[name] and given[name] > 0 then
    b[name] = given[name]
  end
end
-- The use an answer tells of belongs to the window it was answered in: by its Date, else only where no turn lay between.
local told_at = date
if not told_at and math.floor((sent + b.offset) / QUARTER) == math.floor((now + b.offset) / QUARTER) then
  told_at = now + b.offset
end
if told_at then
  if told_at > now + b.offset then turn(told_at) end
  local flying = redis.call('ZCARD', flights)
  local function correct(name, same_window)
    if given[name] and same_window then
      b[name] = math.max(b[name], given[name] + flying)
    end
  end
  local same_quarter, same_day = math.floor(told_at / QUARTER) == b.quarter, math.floor(told_at / DAY) == b.day
  correct('read_used_short', same_quarter)
  correct('all_used_short', same_quarter)
  correct('read_used_day', same_day)
  correct('all_used_day', same_day)
end
if given.sure == 1 then
  b.known, b.probe_until = 1, 0
elseif b.known == 0 then
  b.probe_until = now + given.probe_pause
end
if given.closed == 1 then
  if b.closed <= now then
    b.streak = b.streak + 1
  end
  local ends = quarter_ends()
  if b.streak > 1 then
    ends = ends + (2 ^ math.min(b.streak - 1, 7) - 1) * QUARTER
  end
  if (given.read_used_day and given.read_used_day >= b.read_limit_day) or (given.all_used_day and given.all_used_day >= b.all_limit_day) then
    ends = day_ends()
  end
  b.closed = math.max(b.closed, math.min(ends, day_ends()))
  b.read_used_short = math.max(b.read_used_short, b.read_limit_short)
elseif given.sure == 1 then
  b.streak = 0
end
keep()
return answer('ok', 0)
