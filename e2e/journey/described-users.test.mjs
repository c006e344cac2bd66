// The description of the REST API, as somebody who is no administrator (../described/compare.mjs).

import { test } from 'node:test';
import { ENDLESS, describedFor } from '../described/compare.mjs';

test('the hub answers somebody as its description says',
  describedFor('somebody', { person: 'ada', without: ENDLESS, phases: 'fuzzing', examples: 4 }));
