// The scoring itself, on outcomes made by hand.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differences, score, withoutMeaning } from './score.mjs';

const output = mkdtempSync(join(tmpdir(), 'mcphub-score-'));
after(() => rmSync(output, { recursive: true }));

function outcome(scenario, ...statuses) {
  const folder = join(output, `${scenario}-2026-01-02T03-04-05-678Z`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'checks.json'), JSON.stringify(statuses.map((status) => ({ status, id: 'check', description: 'something' }))));
}

outcome('auth/good', 'SUCCESS', 'INFO');
outcome('auth/warned', 'SUCCESS', 'WARNING');
outcome('bad', 'FAILURE', 'WARNING', 'SUCCESS');
outcome('idle', 'SKIPPED');
const seen = score(output, 'client');

test('a scenario is clean only when something succeeded and nothing was complained about', () => {
  assert.deepEqual(seen.verdicts, { 'auth/good': 'CLEAN', 'auth/warned': 'WARNING', bad: 'FAILURE', idle: 'EMPTY' });
  assert.equal(seen.successes, 3);
});

const listed = { 'auth/warned': 'WARNING', bad: 'FAILURE', idle: 'EMPTY' };
const compare = (notClean, successesAtLeast = 3, expected = ['auth/good', 'bad']) => differences(seen, { notClean, successesAtLeast }, expected);

test('the outcome that the baseline lists passes', () => {
  assert.deepEqual(compare(listed), []);
});

test('a failure that is not listed, a listed one that is gone, and an absent scenario each fail', () => {
  assert.match(compare({ 'auth/warned': 'WARNING', idle: 'EMPTY' })[0], /^bad: FAILURE, and the baseline does not list it/);
  assert.match(compare({ ...listed, 'auth/good': 'FAILURE' })[0], /^auth\/good: CLEAN, and the baseline still says FAILURE/);
  assert.match(compare(listed, 3, ['auth/good', 'bad', 'never-ran'])[0], /^never-ran: ABSENT/);
});

test('fewer successes than before fail, because silence is no success', () => {
  assert.match(compare(listed, 4)[0], /^3 checks succeeded, fewer than the 4/);
});

test('what has no meaning is held to its verdict as strictly as the baseline', () => {
  const without = (meaningless, notClean = { 'auth/warned': 'WARNING', idle: 'EMPTY' }) => differences(seen, { notClean, successesAtLeast: 3 }, ['auth/good', 'bad'], meaningless);
  assert.deepEqual(without({ bad: 'FAILURE' }), []);
  assert.match(without({ bad: 'FAILURE', 'auth/good': 'EMPTY' })[0], /^auth\/good: CLEAN, and no-meaning\.json still says EMPTY/);
  assert.match(without({ bad: 'WARNING' })[0], /^bad: FAILURE, and no-meaning\.json still says WARNING/);
  assert.match(without({ bad: 'FAILURE', gone: 'EMPTY' })[0], /^gone: listed in no-meaning\.json, and no such scenario ran/);
  assert.match(without({ bad: 'FAILURE' }, listed)[0], /^bad: listed in no-meaning\.json and in the baseline/);
});

test('what has no meaning says why, and what it is instead or which run of the upstream alone is like it', () => {
  const all = { alone: { idle: { is: 'EMPTY', why: 'Nothing happens.' } }, hub: { idle: { like: 'alone', why: 'Nothing happens.' } } };
  assert.deepEqual(withoutMeaning(all, 'hub'), { idle: 'EMPTY' });
  assert.deepEqual(withoutMeaning(all, 'another'), {});
  assert.throws(() => withoutMeaning({ hub: all.hub }, 'hub'), /nothing says what it is/);
  assert.throws(() => withoutMeaning({ hub: { idle: { is: 'EMPTY' } } }, 'hub'), /must say why/);
  assert.throws(() => withoutMeaning({ hub: { idle: { is: 'CLEAN', why: 'It is.' } } }, 'hub'), /instead of clean/);
});

test('every run that no-meaning.json names has a baseline, and says why', () => {
  const here = (path) => fileURLToPath(new URL(path, import.meta.url));
  const all = JSON.parse(readFileSync(here('no-meaning.json'), 'utf8'));
  for (const name of Object.keys(all)) {
    assert.ok(existsSync(here(`baseline/${name}.json`)), name);
    withoutMeaning(all, name);
  }
});

test('in the server role no baseline lists anything', () => {
  const folder = fileURLToPath(new URL('baseline/', import.meta.url));
  const baselines = readdirSync(folder).filter((name) => name.startsWith('server-'));
  assert.ok(baselines.length > 0);
  for (const name of baselines) assert.deepEqual(JSON.parse(readFileSync(join(folder, name), 'utf8')).notClean, {}, name);
});
