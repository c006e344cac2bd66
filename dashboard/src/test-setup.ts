// Every test begins with English words and an empty page.

import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';
import { startWords } from './i18n';

await startWords('en');
afterEach(cleanup);
