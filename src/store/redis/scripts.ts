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
import { LARGEST_LOGGED, MOST_LOGGED, MOST_LOGGED_BYTES } from '../bounded-log.js'
import { NOTED_HEAD_BYTES, noteKind } from '../row-note.js'

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
 * note() adds to the journal of the bucket whose keys begin at KEYS[index], if somebody watches it:
 * index, deadline index, head of the journal, its notes. A note is as in row-note.ts. finishNotes() comes
 * last. The head is a hash that lives as long as somebody watches:
 *
 *     first   the number of the oldest note that is kept
 *     next    the number of the next note
 *     bytes   of all notes that are kept
 */
const NOTES = `
local heads = {}
local function headOf(index)
  if heads[index] == nil then
    local got = redis.call('HMGET', KEYS[index + 2], 'first', 'next', 'bytes')
    local head = got[1] and
      { first = tonumber(got[1]), next = tonumber(got[2]), bytes = tonumber(got[3]) }
    -- A server without room may have evicted the notes alone.
    if head and redis.call('LLEN', KEYS[index + 3]) ~= head.next - head.first then
      redis.call('DEL', KEYS[index + 3])
      head.first = head.next
      head.bytes = 0
    end
    heads[index] = head
  end
  return heads[index]
end
local function note(index, kind, writer, key, bytes)
  local head = headOf(index)
  if not head then return end
  if bytes and #bytes > ${LARGEST_LOGGED} then bytes = nil end
  local text = string.char(kind) .. writer .. struct.pack('>I4', #key) .. key
    .. (bytes and string.char(1) .. bytes or string.char(0))
  redis.call('RPUSH', KEYS[index + 3], text)
  head.next = head.next + 1
  head.bytes = head.bytes + #text
  while head.next - head.first > ${MOST_LOGGED} or head.bytes > ${MOST_LOGGED_BYTES} do
    local oldest = redis.call('LPOP', KEYS[index + 3])
    head.first = head.first + 1
    head.bytes = head.bytes - #oldest
  end
end
local function finishNotes()
  for index, head in pairs(heads) do
    if head then
      redis.call('HSET', KEYS[index + 2], 'first', string.format('%.0f', head.first),
        'next', string.format('%.0f', head.next), 'bytes', head.bytes)
      redis.call('PEXPIRE', KEYS[index + 3], math.max(redis.call('PTTL', KEYS[index + 2]), 1))
    end
  end
end
`

/**
 * KEYS: the four keys of a journal (see above) for each bucket, then the row of each check and operation.
 * ARGV: the time after which it is too late, the number of buckets, the number of checks, the writer for
 * notes, '-' or, for the rows of a range that go, '+' and its first key; for each check '-' (no row) or
 * '+' and the first bytes; for each operation its bucket, key and deadline, and for a put the time at
 * which Redis drops the row (0: never) and the record. To delete, the deadline is the negative number of
 * the kind of note, or empty for none.
 * Returns 1 if applied, 0 if a check failed, 2 if it is too late.
 */
export const COMMIT = script(`
${NOW}
${NOTES}
if now > tonumber(ARGV[1]) then return 2 end
local row = 4 * tonumber(ARGV[2])
local checks = tonumber(ARGV[3])
local writer, cleared = ARGV[4], ARGV[5]
for check = 1, checks do
  row = row + 1
  local wanted = ARGV[5 + check]
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
local at = 6 + checks
if cleared ~= '-' and at <= #ARGV then
  note(4 * tonumber(ARGV[at]) + 1, ${noteKind('clear')}, writer, string.sub(cleared, 2), nil)
end
while at <= #ARGV do
  row = row + 1
  local index = 4 * tonumber(ARGV[at]) + 1
  local key, deadline = ARGV[at + 1], ARGV[at + 2]
  local isDelete = deadline == '' or string.sub(deadline, 1, 1) == '-'
  local drop = isDelete and 0 or tonumber(ARGV[at + 3])
  if isDelete or (drop ~= 0 and drop <= now) then
    local kind = isDelete and deadline or '-${noteKind('expire')}'
    if kind ~= '' and cleared == '-' and headOf(index) then
      local old = redis.call('GET', KEYS[row])
      if old then note(index, -tonumber(kind), writer, key, old) end
    end
    redis.call('DEL', KEYS[row])
    redis.call('ZREM', KEYS[index], key)
    redis.call('ZREM', KEYS[index + 1], key)
  else
    local record = ARGV[at + 4]
    if drop == 0 then
      redis.call('SET', KEYS[row], record)
      redis.call('ZREM', KEYS[index + 1], key)
    else
      redis.call('SET', KEYS[row], record, 'PXAT', ARGV[at + 3])
      redis.call('ZADD', KEYS[index + 1], deadline, key)
    end
    redis.call('ZADD', KEYS[index], 0, key)
    note(index, ${noteKind('put')}, writer, key, string.sub(record, 1, ${NOTED_HEAD_BYTES}))
  end
  at = at + (isDelete and 3 or 5)
end
finishNotes()
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
 * KEYS: the four keys of a journal. ARGV: what names of rows begin with, both bounds, how many due
 * entries to pass over, the time until which to look, the most entries to look at, the time until which
 * index entries go whose rows Redis has dropped, and the writer for notes.
 * Returns whether there are no more, how many entries the range has, and then three lists of keys and
 * deadlines in turn, whether in the range or not: of due rows that are there, of those that are gone
 * but still in the index, and of those that this call has removed from it.
 */
export const DUE = script(`
${NOW}
${NOTES}
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
    note(1, ${noteKind('expire')}, ARGV[8], key, nil)
    list = removed
  end
  list[#list + 1] = key
  list[#list + 1] = hints[at + 1]
end
finishNotes()
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

/**
 * KEYS: the head and the notes of a journal. ARGV: how long somebody watches, in milliseconds. Returns the
 * number of the next note. Numbers begin with the time: they are not used again.
 */
export const WATCH = script(`
local next = redis.call('HGET', KEYS[1], 'next')
if not next then
  local time = redis.call('TIME')
  next = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'first', next, 'next', next, 'bytes', 0)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return next
`)

/**
 * KEYS: the head and the notes of a journal. ARGV: the number of the first note that is wanted, the most
 * notes, what names of rows begin with, the most bytes of records.
 * Returns nothing if nobody watches; else whether notes were missed, the number to read on at, whether
 * there are more, and then in turn a note and, for the last put of a row, its record: nil if it is not
 * there, as if its slot is moving.
 */
export const NOTED = script(`
local got = redis.call('HMGET', KEYS[1], 'first', 'next')
if not got[1] then return {} end
local first, next, from = tonumber(got[1]), tonumber(got[2]), tonumber(ARGV[1])
if redis.call('LLEN', KEYS[2]) ~= next - first then return {1, got[2], 0} end
local missed = (from < first or from > next) and 1 or 0
local start = from > next and next or math.max(from, first)
local notes = redis.call('LRANGE', KEYS[2], start - first, start - first + ARGV[2] - 1)
local last, keys = {}, {}
for at, text in ipairs(notes) do
  if string.byte(text) == ${noteKind('put')} then
    keys[at] = string.sub(text, 12, 11 + struct.unpack('>I4', text, 8))
    last[keys[at]] = at
  end
end
local room, found, read = tonumber(ARGV[4]), {missed, 0, 0}, 0
for at, text in ipairs(notes) do
  if room <= 0 then break end
  local record = ''
  if keys[at] and last[keys[at]] == at then record = redis.call('GET', ARGV[3] .. keys[at]) end
  found[#found + 1] = text
  found[#found + 1] = record
  room = room - #text - (record and #record or 0)
  read = at
end
found[2] = string.format('%.0f', start + read)
found[3] = start + read < next and 1 or 0
return found
`)

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
