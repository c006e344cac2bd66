// What a run of the suite amounts to, from its checks and not from its exit code: that ignores warnings, and lets scenarios pass in
// which nothing happened.

import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

// Worst first. CLEAN: something succeeded, and nothing failed or was warned about.
function verdict(statuses) {
  for (const status of ['FAILURE', 'WARNING']) if (statuses.includes(status)) return status;
  return statuses.includes('SUCCESS') ? 'CLEAN' : 'EMPTY';
}

// `auth/x-2026-..Z` for the client role, `server-x-2026-..Z` for the server role.
function scenarioOf(folder, role) {
  const name = folder.split(sep).join('/').replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '');
  return role === 'server' ? name.replace(/^server-/, '') : name;
}

export function score(output, role) {
  const verdicts = {};
  const complaints = {};
  let successes = 0;
  for (const file of readdirSync(output, { recursive: true }).filter((path) => path.endsWith('checks.json'))) {
    const checks = JSON.parse(readFileSync(join(output, file), 'utf8'));
    const scenario = scenarioOf(file.slice(0, -'checks.json'.length - 1), role);
    const statuses = checks.map(({ status }) => status);
    verdicts[scenario] = verdict(statuses);
    complaints[scenario] = checks.filter(({ status }) => ['FAILURE', 'WARNING'].includes(status)).map((check) => `${check.status} ${check.id}: ${check.errorMessage ?? check.description}`);
    successes += statuses.filter((status) => status === 'SUCCESS').length;
  }
  return { verdicts, complaints, successes };
}

// What a run cannot be clean in, because the scenario has no meaning there: the verdict that it has instead, for each. An entry says it
// (`is`), or names the run of the upstream alone that has the same one (`like`); and it says why, in a sentence.
export function withoutMeaning(all, name) {
  const entries = Object.entries(all[name] ?? {}).map(([scenario, { is, like, why }]) => {
    if (!/^\S.*\.$/.test(why ?? '')) throw new Error(`no-meaning.json, ${name}, ${scenario}: one sentence must say why`);
    const verdict = like === undefined ? is : all[like]?.[scenario]?.is;
    if (verdict === undefined || verdict === 'CLEAN') throw new Error(`no-meaning.json, ${name}, ${scenario}: nothing says what it is instead of clean`);
    return [scenario, verdict];
  });
  return Object.fromEntries(entries);
}

// What differs from the baseline and from what has no meaning, in sentences. Nothing differs: it holds.
export function differences({ verdicts, complaints, successes }, baseline, expected, meaningless = {}) {
  const said = [];
  const list = (scenario) => (scenario in meaningless ? 'no-meaning.json' : 'the baseline');
  const notClean = { ...baseline.notClean, ...meaningless };
  for (const scenario of new Set([...expected, ...Object.keys(verdicts)])) {
    const now = verdicts[scenario] ?? 'ABSENT';
    const listed = notClean[scenario] ?? 'CLEAN';
    if (now === listed) continue;
    if (listed === 'CLEAN') said.push(`${scenario}: ${now}, and the baseline does not list it`, ...(complaints[scenario] ?? []).map((line) => `    ${line}`));
    else said.push(`${scenario}: ${now}, and ${list(scenario)} still says ${listed}`);
  }
  for (const scenario of Object.keys(notClean)) {
    if (!expected.includes(scenario) && !(scenario in verdicts)) said.push(`${scenario}: listed in ${list(scenario)}, and no such scenario ran`);
    if (scenario in meaningless && scenario in baseline.notClean) said.push(`${scenario}: listed in no-meaning.json and in the baseline`);
  }
  if (successes < baseline.successesAtLeast) said.push(`${successes} checks succeeded, fewer than the ${baseline.successesAtLeast} of the baseline`);
  return said;
}
