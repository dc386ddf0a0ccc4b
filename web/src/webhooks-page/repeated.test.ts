import { expect, it } from 'vitest';
import { Repeated } from './repeated';

/** A clock that is turned by hand. */
function world() {
  const due: (() => void)[] = [];
  const state = { isSeen: true };
  const timers = {
    set: (run: () => void) => due.push(run),
    clear: () => {
      due.length = 0;
    },
    isSeen: () => state.isSeen,
  };
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const tick = async () => {
    for (const run of due.splice(0)) run();
    await settle();
  };
  return { timers, due, state, settle, tick };
}

it('looks until there is nothing more to see', async () => {
  const { timers, due, tick, settle } = world();
  let looks = 0;
  const repeated = new Repeated(async () => (++looks < 3 ? 10 : null), timers);
  repeated.now();
  await settle();
  await tick();
  await tick();
  expect([looks, due.length]).toEqual([3, 0]);
});

it('does not look while nobody does, and goes on after a failure', async () => {
  const { timers, state, tick, settle } = world();
  let looks = 0;
  const repeated = new Repeated(async () => {
    looks += 1;
    throw new Error('not now');
  }, timers);
  repeated.now();
  await settle();
  state.isSeen = false;
  await tick();
  await tick();
  expect(looks).toBe(1);
  state.isSeen = true;
  await tick();
  expect(looks).toBe(2);
});

it('never looks twice at once, and once more when it was asked meanwhile', async () => {
  const { timers, settle } = world();
  let [looks, at, most] = [0, 0, 0];
  const repeated = new Repeated(async () => {
    looks += 1;
    at += 1;
    most = Math.max(most, at);
    await Promise.resolve();
    at -= 1;
    return null;
  }, timers);
  repeated.now();
  repeated.now();
  repeated.now();
  await settle();
  expect([looks, most]).toEqual([2, 1]);
});

it('stops', async () => {
  const { timers, due, settle } = world();
  const repeated = new Repeated(async () => 10, timers);
  repeated.now();
  repeated.stop();
  await settle();
  repeated.now();
  await settle();
  expect(due).toHaveLength(0);
});
