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

// What differs from the baseline, in sentences. Nothing differs: it holds.
export function differences({ verdicts, complaints, successes }, baseline, expected) {
  const said = [];
  for (const scenario of new Set([...expected, ...Object.keys(verdicts)])) {
    const now = verdicts[scenario] ?? 'ABSENT';
    const listed = baseline.notClean[scenario] ?? 'CLEAN';
    if (now === listed) continue;
    if (listed === 'CLEAN') said.push(`${scenario}: ${now}, and the baseline does not list it`, ...(complaints[scenario] ?? []).map((line) => `    ${line}`));
    else said.push(`${scenario}: ${now}, and the baseline still says ${listed}`);
  }
  for (const scenario of Object.keys(baseline.notClean)) {
    if (!expected.includes(scenario) && !(scenario in verdicts)) said.push(`${scenario}: listed in the baseline, and no such scenario ran`);
  }
  if (successes < baseline.successesAtLeast) said.push(`${successes} checks succeeded, fewer than the ${baseline.successesAtLeast} of the baseline`);
  return said;
}
