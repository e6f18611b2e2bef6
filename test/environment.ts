/**
 * What the environment of whoever runs the tests must not change: many tests hold what a process prints
 * against what it should print, and processes print in colours if this says so, to whatever they print.
 */
delete process.env.FORCE_COLOR
