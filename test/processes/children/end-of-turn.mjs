/** `end-of-turn.mjs`: asks to be called at the end of the turn, and has nothing else to wait for. */
import { systemClock } from '../../../src/clock.ts'

systemClock.endOfTurn(() => console.log('called'))
systemClock.after(10_000, () => console.log('kept alive'))
