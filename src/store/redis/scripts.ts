/**
 * What the server does in one step, in Lua. All keys of one call lie in one slot.
 *
 * The names of rows are made in the scripts that find their rows in an index, so these are not
 * declared in KEYS. Redis allows that where they lie in the slot of a declared key, as ours do.
 *
 * A script is not rolled back if a command in its middle fails. The commands here fail at the first
 * write or not at all: when there is no memory, on a replica, or when the disk fails.
 */
import { createHash } from 'node:crypto'

export interface Script {
  readonly source: string
  /** By this the server knows a script that it has seen before. */
  readonly sha: string
}

/** Index entries that one call looks at: few enough that nobody else waits for long. */
export const SCRIPT_STEP = 1_000

/** Milliseconds since 1970-01-01 UTC, by the server's clock. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * KEYS: an index and a deadline index for each bucket, then the row of each check and operation.
 * ARGV: the time after which it is too late, the number of buckets, the number of checks; for each
 * check '-' (no row) or '+' and the first bytes; for each operation its bucket, key and deadline
 * (empty: delete), and for a put the time at which Redis drops the row (0: never) and the record.
 * Returns 1 if applied, 0 if a check failed, 2 if it is too late.
 */
export const COMMIT = script(`
${NOW}
if now > tonumber(ARGV[1]) then return 2 end
local row = 2 * tonumber(ARGV[2])
local checks = tonumber(ARGV[3])
for check = 1, checks do
  row = row + 1
  local wanted = ARGV[3 + check]
  local length = redis.call('STRLEN', KEYS[row])
  if wanted == '-' then
    if length > 0 or redis.call('EXISTS', KEYS[row]) == 1 then return 0 end
  elseif #wanted == 1 then
    if redis.call('EXISTS', KEYS[row]) == 0 then return 0 end
  elseif length < #wanted - 1
    or redis.call('GETRANGE', KEYS[row], 0, #wanted - 2) ~= string.sub(wanted, 2) then
    return 0
  end
end
local at = 4 + checks
while at <= #ARGV do
  row = row + 1
  local index = 2 * tonumber(ARGV[at]) + 1
  local key, deadline = ARGV[at + 1], ARGV[at + 2]
  local drop = 0
  if deadline ~= '' then drop = tonumber(ARGV[at + 3]) end
  if deadline == '' or (drop ~= 0 and drop <= now) then
    redis.call('DEL', KEYS[row])
    redis.call('ZREM', KEYS[index], key)
    redis.call('ZREM', KEYS[index + 1], key)
  elseif drop == 0 then
    redis.call('SET', KEYS[row], ARGV[at + 4])
    redis.call('ZADD', KEYS[index], 0, key)
    redis.call('ZREM', KEYS[index + 1], key)
  else
    redis.call('SET', KEYS[row], ARGV[at + 4], 'PXAT', ARGV[at + 3])
    redis.call('ZADD', KEYS[index], 0, key)
    redis.call('ZADD', KEYS[index + 1], deadline, key)
  end
  at = at + (deadline == '' and 3 or 5)
end
return 1
`)

/**
 * KEYS: the index and the deadline index. ARGV: what names of rows begin with, both bounds, '1' for
 * reverse, the most index entries to look at, the most bytes of records. Returns whether the range is
 * exhausted, the last key looked at, and then key and record in turn.
 * Rows that Redis has dropped at their deadlines are passed over. One that is missing though its time
 * has not come has nil for its record: its slot may be moving, and the row be on another node.
 */
export const SCAN = script(`
${NOW}
local low, high, limit = ARGV[2], ARGV[3], tonumber(ARGV[5])
local keys
if ARGV[4] == '1' then
  keys = redis.call('ZRANGE', KEYS[1], high, low, 'BYLEX', 'REV', 'LIMIT', 0, limit)
else
  keys = redis.call('ZRANGE', KEYS[1], low, high, 'BYLEX', 'LIMIT', 0, limit)
end
local room, found, last = tonumber(ARGV[6]), {0, ''}, 0
for at, key in ipairs(keys) do
  if room <= 0 then break end
  local record = redis.call('GET', ARGV[1] .. key)
  if record then room = room - #record end
  if record or tonumber(redis.call('ZSCORE', KEYS[2], key) or now + 1) > now then
    found[#found + 1] = key
    found[#found + 1] = record
  end
  last = at
end
if last == #keys and #keys < limit then found[1] = 1 end
if last > 0 then found[2] = keys[last] end
return found
`)

/**
 * KEYS: the index and the deadline index. ARGV: what names of rows begin with, both bounds, how many
 * due entries to pass over, the time until which to look, the most entries to look at, and the time
 * until which index entries go whose rows Redis has dropped.
 * Returns whether there are no more, how many entries the range has, and then three lists of keys and
 * deadlines in turn, whether in the range or not: of due rows that are there, of those that are gone
 * but still in the index, and of those that this call has removed from it.
 */
export const DUE = script(`
${NOW}
local limit, settled = tonumber(ARGV[6]), tonumber(ARGV[7])
local hints = redis.call('ZRANGE', KEYS[2], '-inf', ARGV[5], 'BYSCORE', 'LIMIT', ARGV[4], limit, 'WITHSCORES')
local there, gone, removed = {}, {}, {}
for at = 1, #hints, 2 do
  local key, deadline = hints[at], tonumber(hints[at + 1])
  local list = gone
  -- Missing before its time by our clock, it may be on another node, as for SCAN.
  if deadline > now or redis.call('EXISTS', ARGV[1] .. key) == 1 then
    list = there
  elseif deadline <= settled then
    redis.call('ZREM', KEYS[1], key)
    redis.call('ZREM', KEYS[2], key)
    list = removed
  end
  list[#list + 1] = key
  list[#list + 1] = hints[at + 1]
end
local inRange = redis.call('ZLEXCOUNT', KEYS[1], ARGV[2], ARGV[3])
return {#hints < 2 * limit and 1 or 0, inRange, there, gone, removed}
`)

/**
 * KEYS: the last version. ARGV: how many are wanted. Returns the first.
 * 64 for each millisecond since 1970: a server that lost its data does not begin again from 1.
 */
export const VERSIONS = script(`
${NOW}
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, now * 64)
redis.call('SET', KEYS[1], string.format('%.0f', first + ARGV[1] - 1))
return string.format('%.0f', first)
`)

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
