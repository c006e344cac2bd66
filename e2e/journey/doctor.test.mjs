// `mcphub doctor --login` at an authorization server that we did not write, with a person at a browser: what it shows, and what it leaves.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Newcomer } from '../harness/newcomer.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

let person;
let world;
let newcomer;
before(async () => { [world, person] = await Promise.all([startProtectedWorld({ refreshTokens: 'always' }), Person.arrive()]); });
after(() => Promise.all([person?.leave(), world?.stop()]));
beforeEach(async () => {
  await world.reset();
  newcomer = await Newcomer.arrive(person);
});
afterEach(() => newcomer.leave());

const settings = () => join(newcomer.home, 'mcp_settings.json');

test('a trial sign-in shows that the server takes the token, and gives back what can be given back', async () => {
  const doctor = newcomer.types('mcphub', 'doctor', world.url, '--login');
  await newcomer.consents({ logsIn: true });
  assert.equal(await doctor.ended, 0, doctor.said);
  for (const line of [`made for ${world.url}`, 'renews by itself', 'the server takes it: 2 tools', '1 of 2 tokens was given back', 'was taken back']) assert.ok(doctor.said.includes(line), `${line} in:\n${doctor.said}`);
  // Its access tokens are JWTs, which nobody can take back.
  const { requests, granted } = await world.atAuthorizationServer();
  assert.deepEqual(granted, { authorization_code: 1 });
  assert.equal(requests['POST /token'], 3, 'the code, and two tokens to give back');
  assert.equal(requests['DELETE /reg'], 1);
  assert.equal(existsSync(settings()), false);
});

test('with --save the hub that starts afterwards has the tools without another sign-in', async () => {
  const doctor = newcomer.types('mcphub', 'doctor', world.url, '--login', '--save');
  await newcomer.consents({ logsIn: true });
  assert.equal(await doctor.ended, 0, doctor.said);
  const [name] = Object.keys(JSON.parse(readFileSync(settings(), 'utf8')).mcpServers);
  await newcomer.types('mcphub').shows('clients http');
  const call = newcomer.types('mcphub', 'call', name, 'echo', 'text=kept');
  assert.equal(await call.ended, 0, call.said);
  assert.match(call.said, /kept/);
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
});
