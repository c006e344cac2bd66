// The description of the REST API, as an administrator, who may do all of it (../described/compare.mjs).

import { test } from 'node:test';
import { ENDLESS, describedFor } from '../described/compare.mjs';

test('the hub answers an administrator as its description says, whatever he sends',
  describedFor('an administrator', { person: 'keeper', without: ENDLESS, phases: 'coverage,fuzzing', examples: 10 }));
