// Every test begins with English words, an empty page, and the browser's own globals and clocks.

import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';
import { startWords } from './i18n';

await startWords('en');
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
