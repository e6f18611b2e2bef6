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
import { VERSIONS_PER_MS } from '../version-source.js'
import { ANSWER, STEP, STEP_HEAD_BYTES } from './commit-group.js'

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
  head.isNew = true
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
    if head and head.isNew then
      redis.call('HSET', KEYS[index + 2], 'first', string.format('%.0f', head.first),
        'next', string.format('%.0f', head.next), 'bytes', head.bytes)
      redis.call('PEXPIRE', KEYS[index + 3], math.max(redis.call('PTTL', KEYS[index + 2]), 1))
    end
  end
end
`

/**
 * KEYS: the four keys of a journal (see above) for each bucket, then the rows of each batch, then the
 * last version if a batch assumes some.
 * ARGV: the time after which it is too late, the number of buckets, the milliseconds that rows stay
 * longer than their deadlines say, the writer for notes, the batches (see commit-group.ts), and for the
 * rows of a range that go, its first key.
 * Returns 2 if it is too late; else for each batch one of ANSWER, or an error.
 * Each batch is all or nothing, whatever becomes of the others.
 *
 * INVARIANT. What is in the deadline index is in the index. So a key that is new to the one has no old
 * deadline in the other. And the name of an index is as long as what the names of its rows begin with,
 * but for one character.
 */
export const COMMIT = script(`
${NOW}
${NOTES}
if now > tonumber(ARGV[1]) then return 2 end
local later, writer, steps, cleared = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local call, sub, unpack = redis.call, string.sub, struct.unpack
local deadlines = {}
local function hasDeadlines(index)
  if deadlines[index] == nil then deadlines[index] = call('EXISTS', KEYS[index + 1]) == 1 end
  return deadlines[index]
end
local function holds(name, kind, starts)
  if kind == ${STEP.absent} then return call('EXISTS', name) == 0 end
  if starts == '' then return call('EXISTS', name) == 1 end
  return call('GETRANGE', name, 0, #starts - 1) == starts
end
local function remove(index, name, key, noted)
  if noted > 0 and not cleared and headOf(index) then
    local old = call('GET', name)
    if old then note(index, noted, writer, key, old) end
  end
  call('DEL', name)
  call('ZREM', KEYS[index], key)
  if hasDeadlines(index) then call('ZREM', KEYS[index + 1], key) end
end
local function put(index, name, key, deadline, record)
  if deadline == 0 then
    call('SET', name, record)
    if call('ZADD', KEYS[index], 0, key) == 0 and hasDeadlines(index) then
      call('ZREM', KEYS[index + 1], key)
    end
  else
    local drop = math.ceil(deadline + later)
    if drop <= now then return remove(index, name, key, ${noteKind('expire')}) end
    call('SET', name, record, 'PXAT', string.format('%.0f', drop))
    call('ZADD', KEYS[index], 0, key)
    call('ZADD', KEYS[index + 1], string.format('%.17g', deadline), key)
    deadlines[index] = true
  end
  if headOf(index) then
    note(index, ${noteKind('put')}, writer, key, sub(record, 1, ${NOTED_HEAD_BYTES}))
  end
end
local last
local function areNew(first, count)
  last = last or tonumber(call('GET', KEYS[#KEYS]) or '0')
  if first <= last then return false end
  last = first + count - 1
  return true
end
local function apply(at, stop, rows)
  while at < stop do
    local kind, bucket, row, deadline, length = unpack('>BI2I4dI4', steps, at)
    local bytes = sub(steps, at + ${STEP_HEAD_BYTES}, at + ${STEP_HEAD_BYTES - 1} + length)
    at = at + ${STEP_HEAD_BYTES} + length
    local name, index = KEYS[rows + row], 4 * bucket + 1
    if kind == ${STEP.versions} then
      if not areNew(deadline, row) then return ${ANSWER.oldVersions} end
    elseif kind < ${STEP.put} then
      if not holds(name, kind, bytes) then return ${ANSWER.refused} end
    else
      local key = sub(name, #KEYS[index] + 2)
      if kind == ${STEP.put} then put(index, name, key, deadline, bytes)
      else remove(index, name, key, kind - ${STEP.delete}) end
    end
  end
  return ${ANSWER.applied}
end
local answers, at, rows, areGiven = {}, 1, 4 * tonumber(ARGV[2]) + 1, false
if cleared and #steps > 0 then note(1, ${noteKind('clear')}, writer, cleared, nil) end
while at <= #steps do
  local length, count = unpack('>I4I4', steps, at)
  at = at + 8
  local isDone, answer = pcall(apply, at, at + length, rows)
  if not isDone then
    -- A table since Redis 7, and the text itself before.
    local text = type(answer) == 'table' and answer.err or answer
    answer = { err = string.gsub(text, '^-', '') }
  end
  answers[#answers + 1] = answer
  areGiven = areGiven or (last and answer == ${ANSWER.applied})
  at = at + length
  rows = rows + count
end
finishNotes()
if areGiven then call('SET', KEYS[#KEYS], string.format('%.0f', last)) end
return answers
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
 * So many for each millisecond since 1970: a server that lost its data does not begin again from 1.
 */
export const VERSIONS = script(`
${NOW}
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, now * ${VERSIONS_PER_MS})
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

/** KEYS: times of use. ARGV: what names of rows begin with, keys. Forgets those whose rows are not there. */
export const FORGET_GONE = script(`
for at = 2, #ARGV do
  if redis.call('EXISTS', ARGV[1] .. ARGV[at]) == 0 then redis.call('ZREM', KEYS[1], ARGV[at]) end
end
return 0
`)

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
