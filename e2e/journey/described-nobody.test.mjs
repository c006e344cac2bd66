// The description of the REST API, as nobody (../described/compare.mjs).

import { test } from 'node:test';
import { describedFor } from '../described/compare.mjs';

test('the hub answers nobody as its description says, in the other shape of errors too',
  describedFor('nobody', { headers: ['accept: application/problem+json'], without: [], phases: 'fuzzing', examples: 4 }));
