// The name of a call leads to its tool, and to no other.

import { expect, test } from 'vitest';
import type { Tool } from '../../api/shape';
import { called } from './called';

const tools = (...names: string[]): Tool[] => names.map((name) => ({ name, enabled: true }));

test.each([
  ['shop-read', ['shop-file-read', 'shop-read'], 'shop-read'],
  ['read', ['shop-file-read', 'shop-read'], 'shop-read'],
  ['file-read', ['shop-file-read', 'shop-read'], 'shop-file-read'],
  ['read', ['shop__read'], 'shop__read'],
  ['-read', ['shop-read', 'shop--read'], 'shop--read'],
  ['shop-read', ['shop-shop-read', 'shop-other'], 'shop-shop-read'],
  ['read', ['shop-file-read', 'shop-write'], undefined],
  ['ead', ['shop-read', 'shop-write'], undefined],
  ['gone', ['shop-read'], undefined],
  [undefined, ['shop-read'], undefined],
])('%s among %j is %s', (item, names, found) => {
  expect(called(item, 'shop', tools(...names))?.name).toBe(found);
});
